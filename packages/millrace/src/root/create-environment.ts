import { StreamExecutionEnvironment } from "../api/environment/stream-execution-environment.ts";
import type { JobExecutor } from "../api/executor.ts";
import { settleGraph } from "../cluster/artifact/build-job.ts";
import type { StandardStreams } from "../cluster/job-manager/job-master/standard-streams.ts";
import { LocalJobClient } from "../cluster/local/local-job-client.ts";
import { ProcessStreams } from "../cluster/local/process-streams.ts";
import { startInline } from "../cluster/local/start-inline.ts";
import type { Clock } from "../common/clock/clock.ts";
import { SystemClock } from "../common/clock/system-clock.ts";
import { parseConfig } from "../common/config/configuration.ts";
import type { ConfigValues } from "../common/config/options.ts";
import { PARALLELISM } from "../common/config/options.ts";
import { builtinConnectors } from "./builtin-connectors.ts";
import { logProblems } from "./run.ts";
import type { RestoreOptions } from "./run.ts";

/** How an environment runs its programs. */
export interface EnvironmentOptions {
  /** Subtasks of each operator that has no parallelism of its own. Default 1. */
  readonly parallelism?: number;
  /** Settings by option key. */
  readonly config?: ConfigValues;
  /** What functions read as `args` of their RuntimeContext. Plain data. */
  readonly args?: Readonly<Record<string, unknown>>;
  /** What its programs start from; without it, from nothing (or from what `execution.state-recovery.path` says). */
  readonly restore?: RestoreOptions;
  /** Takes the log. Default: warnings and errors to standard error. */
  readonly log?: (level: "info" | "warn" | "error", message: string) => void;
  /** The streams that stand for standard input and output. Default: those of the process. */
  readonly streams?: StandardStreams;
  /** Time as the program sees it. Default: the machine's clock. */
  readonly clock?: Clock;
}

/**
 * An environment that runs in the caller's thread: functions are closures like any others, and see the variables around them. Good for
 * scripts, tests and trying things out. A program that is to run in several threads, or on a cluster, is a job module: `job(...)`.
 *
 * Its functions can't be built anew for each subtask: those that keep state in their fields are given through `perSubtask(...)`.
 *
 * @throws MillraceError UNKNOWN_OPTION, INVALID_OPTION
 * @example
 * ```ts
 * const env = createEnvironment();
 * const counts = await env
 *   .fromItems(["to", "be", "or", "not", "to", "be"])
 *   .keyBy((word) => word)
 *   .aggregate((a) => ({ n: a.count() }), (word, { n }) => `${word} ${n}`)
 *   .executeAndCollect()
 *   .toArray();
 * ```
 */
export function createEnvironment(options: EnvironmentOptions = {}): StreamExecutionEnvironment {
  const { args } = options;
  const config = parseConfig({
    ...options.config,
    ...(options.parallelism === undefined ? {} : { [PARALLELISM.key]: options.parallelism }),
  });
  return new StreamExecutionEnvironment({
    connectors: builtinConnectors,
    executor: inlineExecutor(options),
    config,
    ...(args === undefined ? {} : { args }),
  });
}

function inlineExecutor(options: EnvironmentOptions): JobExecutor {
  const clock = options.clock ?? new SystemClock();
  return {
    async submit(graph, { args }) {
      const from = clock.monotonic();
      const built = { ...settleGraph(graph, 1), args };
      const job = await startInline(built, undefined, {
        clock,
        streams: options.streams ?? new ProcessStreams(),
        restoreFrom: options.restore,
        log: options.log ?? logProblems,
      });
      return new LocalJobClient(job, () => clock.monotonic() - from);
    },
  };
}
