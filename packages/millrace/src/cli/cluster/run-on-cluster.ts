import { resolve } from "node:path";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { configValue } from "../../common/config/configuration.ts";
import {
  CHECKPOINT_DIR,
  CHECKPOINT_INTERVAL,
  EXTERNAL_PACKAGES,
  OPTIONS,
} from "../../common/config/options.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { SubmittedJob } from "../../client/job/submitted-job.ts";
import { externalPackages } from "../../client/submit-options.ts";
import type { SubmitOptions } from "../../client/submit-options.ts";
import type { ClusterAccess } from "../command-line/cluster-requests.ts";
import type { ClusterRun, RunRequest } from "../command-line/requests.ts";
import type { CommandContext } from "../commands/command-context.ts";
import { ExitCode, exitCodeOf, exitCodeOfSignal } from "../exit-code.ts";
import { Interrupts } from "../interrupts.ts";
import { jobModuleUrl } from "../job-module.ts";
import { accessSettings, clusterOf } from "./cluster-access.ts";
import { followClusterJob } from "./follow-cluster-job.ts";

/**
 * Submits a job to a cluster; then prints its id, or shows how it gets on until it ends. A signal ends the showing, and leaves the job
 * alone. Answers the exit code.
 */
export async function runOnCluster(
  request: RunRequest,
  { access, detached, externals }: ClusterRun,
  context: CommandContext,
): Promise<number> {
  const { reporter, cwd, screen, output } = context;
  const leaving = new AbortController();
  let job: SubmittedJob | undefined;
  const interrupts = new Interrupts(
    new SystemClock(),
    () => leaving.abort(),
    (signal) => {
      screen.setLine(undefined);
      process.exit(exitCodeOfSignal(signal));
    },
  );
  output.onClosed = () => leaving.abort();
  try {
    const cluster = await clusterOf(access, cwd);
    const url = await jobModuleUrl(request.module, cwd);
    const outside = await packagesOutside(access, externals, cwd);
    for (const name of outside) {
      reporter.note(
        `${name} is not part of the artifact: the JobManager and every TaskManager use the one installed there`,
      );
    }
    job = await cluster.submit(new URL(url), {
      ...submitOptions(request, cwd),
      externals: outside,
      signal: leaving.signal,
    });
    if (detached) {
      process.stdout.write(request.json ? `${JSON.stringify({ job: job.id })}\n` : `${job.id}\n`);
      return ExitCode.OK;
    }
    reporter.note(`job ${job.id} at ${cluster.address}; Ctrl-C leaves it running`);
    return await followClusterJob(job, reporter, leaving.signal, cluster.patience);
  } catch (error) {
    const { signal } = interrupts;
    if (signal === undefined && !output.closed) {
      reporter.failed(error);
      return exitCodeOf(error);
    }
    if (job !== undefined) {
      screen.setLine(undefined);
      reporter.note(`the job goes on: millrace status ${job.id} shows it, millrace cancel ${job.id} ends it`);
    }
    return exitCodeOfSignal(signal ?? "SIGPIPE");
  } finally {
    interrupts.dispose();
  }
}

/** The packages that stay outside of a job's artifact by the command line and the settings. */
export async function packagesOutside(
  access: ClusterAccess,
  externals: readonly string[],
  cwd: string,
): Promise<readonly string[]> {
  const { settings } = await accessSettings(access, cwd);
  const configured = configValue(settings, EXTERNAL_PACKAGES) ?? "";
  return externalPackages({ externals, config: { [EXTERNAL_PACKAGES.key]: configured } });
}

const JOB_KEYS: ReadonlySet<string> = new Set(OPTIONS.map(({ key }) => key));

/** What a command line says of the job. Folders are relative to `cwd`, as for a job of this process. */
export function submitOptions(
  request: Pick<RunRequest, "parallelism" | "settings" | "jobArgs" | "checkpoints">,
  cwd: string,
): SubmitOptions {
  const { parallelism, settings, jobArgs, checkpoints } = request;
  const { savepoint, claim, allowNonRestoredState, checkpointInterval, checkpointDir } = checkpoints;
  const folder = (path: string): string => (path.includes("://") ? path : resolve(cwd, path));
  if (savepoint === undefined && (claim || allowNonRestoredState)) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      "--claim and -n say how a savepoint is taken, and none is given",
      {
        help: "Add -s <path>.",
      },
    );
  }
  const config: Record<string, string> = {};
  for (const setting of settings) {
    const at = setting.indexOf("=");
    const key = setting.slice(0, at).trim();
    // The others say where the cluster is.
    if (JOB_KEYS.has(key)) config[key] = setting.slice(at + 1);
  }
  if (checkpointInterval !== undefined) config[CHECKPOINT_INTERVAL.key] = checkpointInterval;
  if (checkpointDir !== undefined) config[CHECKPOINT_DIR.key] = folder(checkpointDir);
  return {
    args: jobArgs,
    config,
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(savepoint === undefined
      ? {}
      : {
          restore: {
            path: folder(savepoint),
            claimMode: claim ? "CLAIM" : "NO_CLAIM",
            allowNonRestoredState,
          },
        }),
  };
}
