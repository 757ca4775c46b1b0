import { configValue } from "../../common/config/configuration.ts";
import { RECOVERY_ALLOW_NON_RESTORED } from "../../common/config/options.ts";
import { newerBeside } from "../../runtime/checkpoint/storage/newer-beside.ts";
import { checkRestore } from "../../cluster/job-manager/restore/check-restore.ts";
import { readStoredStates } from "../../cluster/job-manager/restore/read-stored-states.ts";
import { NO_CHECKPOINT_FLAGS, type SavepointCheckRequest } from "../command-line/requests.ts";
import { ExitCode } from "../exit-code.ts";
import { jobModuleUrl } from "../job-module.ts";
import { checkJson } from "../savepoint/check-json.ts";
import { checkText } from "../savepoint/check-text.ts";
import { openSavepoint } from "../savepoint/open-savepoint.ts";
import { styleFor } from "../terminal/style.ts";
import type { CommandContext } from "./command-context.ts";
import { requestConfig } from "./request-config.ts";

/**
 * Compares a job with a savepoint, without running it, and prints what comes of it on standard output. Answers 0 where the job can start
 * from it, 1 where it can't; what keeps them from being compared is told on standard error, and answers 2.
 */
export async function savepointCheckCommand(
  request: SavepointCheckRequest,
  context: CommandContext,
): Promise<number> {
  try {
    const { cwd, engine } = context;
    const flags = { ...NO_CHECKPOINT_FLAGS, allowNonRestoredState: request.allowNonRestoredState };
    const config = requestConfig(request, flags, cwd);
    const url = await jobModuleUrl(request.module, cwd);
    const { metadata, path } = await openSavepoint(request.path, cwd);
    const { plan } = await engine();
    const job = await plan(url, { parallelism: request.parallelism, args: request.jobArgs, config });
    const check = checkRestore(metadata, job, {
      allowNonRestoredState: configValue(job.streamGraph.config, RECOVERY_ALLOW_NON_RESTORED),
      states: readStoredStates(metadata),
    });
    const newer = await newerBeside({ metadata, path });
    const told = { jobName: job.jobGraph.jobName, path, cwd, metadata, check, newer };
    const style = styleFor(process.stdout.isTTY, process.env);
    process.stdout.write(`${request.json ? checkJson(told) : checkText(told, style)}\n`);
    return check.mismatches.length === 0 ? ExitCode.OK : ExitCode.FAILED;
  } catch (error) {
    context.reporter.failed(error);
    return ExitCode.USAGE;
  }
}
