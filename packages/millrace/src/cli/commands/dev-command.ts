import { fileURLToPath } from "node:url";
import { ProcessStreams } from "../../cluster/local/process-streams.ts";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { RECOVERY_PATH } from "../../common/config/options.ts";
import type { StreamNode } from "../../graph/stream/stream-graph.ts";
import type { DevRequest } from "../command-line/requests.ts";
import { DevJob } from "../dev/dev-job.ts";
import { DevSession } from "../dev/dev-session.ts";
import { DevStreams } from "../dev/dev-streams.ts";
import { DevTeller } from "../dev/dev-teller.ts";
import { ExitCode, exitCodeOfSignal } from "../exit-code.ts";
import { Interrupts } from "../interrupts.ts";
import { jobModuleUrl } from "../job-module.ts";
import { openSavepoint } from "../savepoint/open-savepoint.ts";
import { ScreenStreams } from "../terminal/screen-streams.ts";
import type { CommandContext } from "./command-context.ts";
import { followJob } from "./follow-job.ts";
import { requestConfig } from "./request-config.ts";

/** Sources that wait for the next job by themselves. */
const KEPT_SOURCES = new Set(["standard input"]);

/** Runs a job, and restarts it with its state whenever its files are saved, until a signal ends it. */
export async function devCommand(request: DevRequest, context: CommandContext): Promise<number> {
  const { reporter, screen, output, cwd } = context;
  const clock = new SystemClock();
  const config = requestConfig(request, request.checkpoints, cwd);
  const { [RECOVERY_PATH.key]: path, ...later } = config;
  const from = typeof path === "string" ? path : undefined;
  const url = await jobModuleUrl(request.module, cwd);
  // No file that is saved mends a savepoint that isn't there.
  if (from !== undefined) await openSavepoint(from, cwd);
  const { prepareModule } = await import("../../cluster/local/prepare-module.ts");
  const streams = new DevStreams(
    new ScreenStreams(new ProcessStreams(), screen, () => {
      if (process.stdin.isTTY) reporter.leaveTerminal();
    }),
  );
  let started = clock.monotonic();
  const tell = new DevTeller(reporter, cwd, () => clock.monotonic() - started, from);
  const { parallelism, jobArgs: args, checkpoints, freshOnMismatch } = request;
  const session = new DevSession({
    clock,
    streams,
    tell,
    module: fileURLToPath(url),
    allowNonRestoredState: checkpoints.allowNonRestoredState,
    freshOnMismatch,
    prepare: (first) => prepareModule(url, { parallelism, args, config: first ? config : later }),
    async start(prepared, restore) {
      if (restore !== undefined) tell.lossy(lossySources(prepared.streamGraph.nodes));
      started = clock.monotonic();
      const job = await prepared.start({
        streams: streams.open(),
        log: (level, message) => reporter.log(level, message),
        restoreFrom:
          restore === undefined
            ? undefined
            : { checkpoint: restore, allowNonRestoredState: checkpoints.allowNonRestoredState },
      });
      const progress = followJob(job, reporter, clock, started);
      void job.done.then(() => progress.stop());
      return new DevJob(job, prepared.hash, clock);
    },
  });
  const interrupts = new Interrupts(
    clock,
    () => session.stop(),
    (signal) => {
      screen.setLine(undefined);
      process.exit(exitCodeOfSignal(signal));
    },
  );
  output.onClosed = () => session.stop();
  try {
    await session.run();
    return output.closed ? exitCodeOfSignal("SIGPIPE") : ExitCode.OK;
  } finally {
    interrupts.dispose();
    streams.close();
  }
}

/** Sources whose records don't come again. */
function lossySources(nodes: readonly StreamNode[]): string[] {
  return nodes.flatMap(({ name, spec }) =>
    spec.kind === "source" && spec.source.guarantee === "at-most-once" && !KEPT_SOURCES.has(spec.source.name)
      ? [name]
      : [],
  );
}
