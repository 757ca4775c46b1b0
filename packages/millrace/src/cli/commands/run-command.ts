import type { LocalJob } from "../../cluster/local/local-job.ts";
import { ProcessStreams } from "../../cluster/local/process-streams.ts";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { parseConfigArguments } from "../../common/config/configuration.ts";
import type { RunRequest } from "../command-line/requests.ts";
import { ExitCode, exitCodeOfSignal } from "../exit-code.ts";
import { Interrupts } from "../interrupts.ts";
import { jobModuleUrl } from "../job-module.ts";
import { jobSummary } from "../report/job-summary.ts";
import { ScreenStreams } from "../terminal/screen-streams.ts";
import type { CommandContext } from "./command-context.ts";
import { followJob } from "./follow-job.ts";

/** Runs a job to its end, or until a signal stops it, and answers the exit code. */
export async function runCommand(request: RunRequest, context: CommandContext): Promise<number> {
  const { reporter, screen, output } = context;
  const clock = new SystemClock();
  const running: { job?: LocalJob; stopped?: boolean } = {};
  const stop = (): void => {
    running.stopped = true;
    running.job?.cancel();
  };
  const interrupts = new Interrupts(
    () => {
      reporter.note("stopping; once more to stop at once");
      stop();
    },
    (signal) => {
      screen.setLine(undefined);
      process.exit(exitCodeOfSignal(signal));
    },
  );
  output.onClosed = stop;
  const started = clock.monotonic();
  try {
    const job = await start(request, context);
    running.job = job;
    // What asked to stop while the job was being built.
    if (running.stopped === true) job.cancel();
    const progress = followJob(job, reporter, clock, started);
    const { status, error, metrics } = await job.done;
    progress.stop();
    if (output.closed) return exitCodeOfSignal("SIGPIPE");
    const { jobId, jobGraph } = job;
    reporter.ended(jobSummary({ jobId, jobGraph, status, duration: clock.monotonic() - started, metrics }));
    if (error !== undefined) reporter.failed(error);
    if (status === "CANCELED" && interrupts.signal !== undefined) return exitCodeOfSignal(interrupts.signal);
    return status === "FINISHED" ? ExitCode.OK : ExitCode.FAILED;
  } finally {
    interrupts.dispose();
  }
}

async function start(
  request: RunRequest,
  { cwd, engine, reporter, screen }: CommandContext,
): Promise<LocalJob> {
  const config = parseConfigArguments(request.settings);
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
