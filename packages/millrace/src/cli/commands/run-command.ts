import type { LocalJob } from "../../cluster/local/local-job.ts";
import { ProcessStreams } from "../../cluster/local/process-streams.ts";
import { SystemClock } from "../../common/clock/system-clock.ts";
import type { RunRequest } from "../command-line/requests.ts";
import { exitCodeOfSignal } from "../exit-code.ts";
import { jobModuleUrl } from "../job-module.ts";
import { jobSummary } from "../report/job-summary.ts";
import { ScreenStreams } from "../terminal/screen-streams.ts";
import type { CommandContext } from "./command-context.ts";
import { followJob } from "./follow-job.ts";
import { JobStopper } from "./job-stopper.ts";
import { leftCheckpoints } from "./left-checkpoints.ts";
import { requestConfig } from "./request-config.ts";
import { unusedFlags } from "./unused-flags.ts";

/** Runs a job to its end, or until a signal stops it, and answers the exit code. */
export async function runCommand(request: RunRequest, context: CommandContext): Promise<number> {
  const { reporter, output } = context;
  const clock = new SystemClock();
  const stopper = new JobStopper(context, clock, request);
  const started = clock.monotonic();
  try {
    const job = await start(request, context);
    stopper.job = job;
    for (const unused of unusedFlags(request.checkpoints, job.streamGraph.config))
      reporter.log("warn", unused);
    const left = await leftCheckpoints(job, context.cwd);
    if (left !== undefined) reporter.log("warn", left);
    const progress = followJob(job, reporter, clock, started);
    const outcome = await job.done;
    progress.stop();
    await stopper.saved;
    if (output.closed) return exitCodeOfSignal("SIGPIPE");
    reporter.ended(jobSummary(job, outcome, clock.monotonic() - started));
    if (outcome.error !== undefined) reporter.failed(outcome.error);
    return stopper.exitCode(outcome.status);
  } catch (error) {
    // A terminal's Ctrl-C ends the bundler, too, which then fails: that is no news.
    if (stopper.signal === undefined) throw error;
    return exitCodeOfSignal(stopper.signal);
  } finally {
    stopper.dispose();
  }
}

async function start(
  request: RunRequest,
  { cwd, engine, reporter, screen }: CommandContext,
): Promise<LocalJob> {
  const config = requestConfig(request, request.checkpoints, cwd);
  const url = await jobModuleUrl(request.module, cwd);
  const { start } = await engine();
  const streams = new ScreenStreams(new ProcessStreams(), screen, () => {
    if (process.stdin.isTTY) reporter.leaveTerminal();
  });
  return start(url, {
    parallelism: request.parallelism,
    args: request.jobArgs,
    config,
    streams,
    log: (level, message) => reporter.log(level, message),
  });
}
