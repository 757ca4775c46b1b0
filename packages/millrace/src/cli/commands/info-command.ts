import { parseConfigArguments } from "../../common/config/configuration.ts";
import type { InfoRequest } from "../command-line/requests.ts";
import { ExitCode } from "../exit-code.ts";
import { jobModuleUrl } from "../job-module.ts";
import { jobPlan } from "../../cluster/artifact/job-plan.ts";
import { planText } from "../plan/plan-text.ts";
import { styleFor } from "../terminal/style.ts";
import type { CommandContext } from "./command-context.ts";

/** Prints the plan of a job on standard output. */
export async function infoCommand(request: InfoRequest, context: CommandContext): Promise<number> {
  const config = parseConfigArguments(request.settings);
  const url = await jobModuleUrl(request.module, context.cwd);
  const { plan } = await context.engine();
  const built = await plan(url, { parallelism: request.parallelism, args: request.jobArgs, config });
  const shown = jobPlan(built);
  const style = styleFor(process.stdout.isTTY, process.env);
  process.stdout.write(`${request.json ? JSON.stringify(shown, null, 2) : planText(shown, style)}\n`);
  return ExitCode.OK;
}
