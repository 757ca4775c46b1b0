import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { JobClient, JobResult } from "../api/executor.ts";
import type { StandardStreams } from "../cluster/job-manager/job-master/standard-streams.ts";
import { buildJob } from "../cluster/artifact/build-job.ts";
import type { LocalJob } from "../cluster/local/local-job.ts";
import { LocalJobClient } from "../cluster/local/local-job-client.ts";
import { ProcessStreams } from "../cluster/local/process-streams.ts";
import { startInline } from "../cluster/local/start-inline.ts";
import { loadModule, startModule, startProgram } from "../cluster/local/start-module.ts";
import type { ModuleOptions } from "../cluster/local/start-module.ts";
import { rebuilding } from "../cluster/task-manager/module-program.ts";
import type { Clock } from "../common/clock/clock.ts";
import { SystemClock } from "../common/clock/system-clock.ts";
import { parseConfig } from "../common/config/configuration.ts";
import { PARALLELISM } from "../common/config/options.ts";
import type { ConfigValues } from "../common/config/options.ts";
import type { JobProgram } from "../graph/stream/job-program.ts";

/** How `run` and `start` run a job. */
export interface RunOptions {
  /**
   * `local` (default): in worker threads of this process, one for each slot. `inline`: in this thread, all subtasks in turn, which is good for
   * tests and debugging.
   */
  readonly mode?: "local" | "inline";
  /** Subtasks of each operator that has no parallelism of its own. Default: local, one for each core; inline, 1. */
  readonly parallelism?: number;
  /** The job's arguments by name. Paths are relative to the current folder. */
  readonly args?: Readonly<Record<string, unknown>>;
  /** Settings by option key; they win over the job's own. */
  readonly config?: ConfigValues;
  /** What the job starts from; without it, from nothing (or from what `execution.state-recovery.path` says). */
  readonly restore?: RestoreOptions;
  /** Cancels the job when it is aborted. */
  readonly signal?: AbortSignal;
  /** Takes the job's log. Default: warnings and errors to standard error. */
  readonly log?: (level: "info" | "warn" | "error", message: string) => void;
  /** The streams that stand for standard input and output. Default: those of the process. */
  readonly streams?: StandardStreams;
  /** Time as an inline job sees it. Default: the machine's clock. */
  readonly clock?: Clock;
}

/** The savepoint or checkpoint that a job starts from. */
export interface RestoreOptions {
  /** Its folder, or its `_metadata`. */
  readonly path: string;
  /** `NO_CLAIM` (default) leaves it alone; `CLAIM` makes it the job's own, which removes it when it is no longer needed. */
  readonly claimMode?: "NO_CLAIM" | "CLAIM";
  /** Whether state of operators that the job no longer has is dropped; else it is refused. Default false. */
  readonly allowNonRestoredState?: boolean;
}

/**
 * Runs a job to its end.
 *
 * @param job what `job(...)` answered, or the path or URL of a module that exports one
 * @throws MillraceError JOB_FAILED with the cause, JOB_CANCELED; JOB_MODULE_INVALID, INVALID_OPTION, UNKNOWN_OPTION, INVALID_GRAPH before
 *   anything has run, SAVEPOINT_NOT_FOUND, RESTORE_REFUSED, CHECKPOINT_CORRUPT for what it was to start from, CHECKPOINT_STORAGE_FAILED
 * @example
 * ```ts
 * import { run } from "millrace";
 *
 * const { recordsIn, durationMs } = await run("delays.ts", { parallelism: 4, args: { input: "flights.csv" } });
 * ```
 */
export async function run(job: JobProgram | string | URL, options: RunOptions = {}): Promise<JobResult> {
  const client = await start(job, options);
  return await client.result();
}

/**
 * Starts a job, and answers what it takes to follow and to stop it.
 *
 * @throws MillraceError as `run`, but for what fails the job later
 * @example
 * ```ts
 * const client = await start(clicks, { mode: "inline" });
 * setTimeout(() => void client.cancel(), 1000);
 * ```
 */
export async function start(job: JobProgram | string | URL, options: RunOptions = {}): Promise<JobClient> {
  const clock = options.clock ?? new SystemClock();
  const from = clock.monotonic();
  const running = options.mode === "inline" ? await inline(job, options, clock) : await local(job, options);
  const cancel = (): void => running.cancel();
  options.signal?.addEventListener("abort", cancel, { once: true });
  // A signal that many jobs share must not keep them all.
  void running.done.then(() => options.signal?.removeEventListener("abort", cancel));
  if (options.signal?.aborted === true) running.cancel();
  return new LocalJobClient(running, () => clock.monotonic() - from);
}

async function local(job: JobProgram | string | URL, options: RunOptions): Promise<LocalJob> {
  const settings: ModuleOptions = {
    parallelism: options.parallelism,
    args: options.args ?? {},
    config: parseConfig(options.config ?? {}),
    streams: options.streams ?? new ProcessStreams(),
    restoreFrom: options.restore,
    log: options.log ?? logProblems,
  };
  return isModule(job) ? startModule(urlOf(job), settings) : startProgram(job, settings);
}

async function inline(job: JobProgram | string | URL, options: RunOptions, clock: Clock): Promise<LocalJob> {
  const program = isModule(job) ? await loadModule(urlOf(job)) : job;
  const config = parseConfig({
    ...options.config,
    ...(options.parallelism === undefined ? {} : { [PARALLELISM.key]: options.parallelism }),
  });
  const args = { values: options.args ?? {}, resolvePath: (path: string) => resolve(path) };
  const built = buildJob(program, { args, config, defaultParallelism: 1 });
  return startInline(built, rebuilding(program), {
    clock,
    streams: options.streams ?? new ProcessStreams(),
    restoreFrom: options.restore,
    log: options.log ?? logProblems,
  });
}

const isModule = (job: JobProgram | string | URL): job is string | URL =>
  typeof job === "string" || job instanceof URL;

const urlOf = (module: string | URL): string =>
  typeof module !== "string"
    ? module.href
    : module.startsWith("file:")
      ? module
      : pathToFileURL(resolve(module)).href;

/** What nobody asked to hear goes nowhere. */
export function logProblems(level: "info" | "warn" | "error", message: string): void {
  if (level !== "info") process.stderr.write(`[${level}] ${message}\n`);
}
