import { resolve } from "node:path";
import { StreamExecutionEnvironment } from "../api/environment/stream-execution-environment.ts";
import type { JobClient } from "../api/executor.ts";
import { buildJob, settleGraph } from "../cluster/artifact/build-job.ts";
import type { BuiltJob } from "../cluster/artifact/build-job.ts";
import { LocalJobClient } from "../cluster/local/local-job-client.ts";
import { startInline } from "../cluster/local/start-inline.ts";
import type { InlineJob } from "../cluster/local/start-inline.ts";
import { rebuilding } from "../cluster/task-manager/module-program.ts";
import type { Program } from "../cluster/task-manager/program.ts";
import { ManualClock } from "../common/clock/manual-clock.ts";
import { parseConfig } from "../common/config/configuration.ts";
import type { Config } from "../common/config/configuration.ts";
import { OBJECT_FREEZE, PARALLELISM } from "../common/config/options.ts";
import type { ConfigValues } from "../common/config/options.ts";
import type { JobProgram } from "../graph/stream/job-program.ts";
import { builtinConnectors } from "../root/builtin-connectors.ts";
import type { RestoreOptions } from "../root/run.ts";
import { TextStreams } from "./text-streams.ts";

/** Turns of the event loop without anything to do after which a job counts as quiet. */
const QUIET_TURNS = 5;

/** Settings of a mini cluster. */
export interface MiniClusterOptions {
  /** Subtasks of each operator that has no parallelism of its own. Default 2, so that shuffles are real. */
  readonly parallelism?: number;
  /** The processing time at which it begins, ms since the epoch. Default 0. */
  readonly startTime?: number;
  /** Settings by option key. Records are frozen unless it says otherwise. */
  readonly config?: ConfigValues;
  /** What programs read from standard input. Default nothing. */
  readonly stdin?: string;
}

/** How a job of a mini cluster starts. */
export interface MiniClusterStart {
  /** The savepoint or checkpoint that it starts from; without it, from nothing (or from what `execution.state-recovery.path` says). */
  readonly restore?: RestoreOptions;
}

/**
 * A whole cluster in the test's thread: JobMaster, slot, tasks, channels, all of them real; only processing time is the test's. It stands
 * still until `advance` moves it.
 */
export interface MiniCluster extends AsyncDisposable {
  /** Processing time now, ms. */
  now(): number;
  /** What jobs have written to standard output, and to standard error together with their logs. */
  readonly stdout: string;
  readonly stderr: string;
  /** An environment whose programs run here. */
  environment(options?: MiniClusterStart): StreamExecutionEnvironment;
  /** Starts a job module's job here. `args` by name. */
  start(
    job: JobProgram,
    args?: Readonly<Record<string, unknown>>,
    options?: MiniClusterStart,
  ): Promise<JobClient>;
  /** Moves processing time by `ms`, fires what becomes due, and waits until all jobs are quiet. */
  advance(ms: number): Promise<void>;
  /** Waits until no job has anything to do at this time. What comes from files, sockets and other asynchronous work may come later. */
  settle(): Promise<void>;
}

/**
 * Starts a mini cluster; jobs that still run when it is disposed are cancelled.
 *
 * @throws MillraceError UNKNOWN_OPTION, INVALID_OPTION
 * @example
 * ```ts
 * await using cluster = await miniCluster();
 * const env = cluster.environment();
 * env.fromItems([1, 2, 3]).keyBy((n) => n % 2).window(TumblingProcessingTimeWindows.of(seconds(10)))
 *   .aggregate((a) => ({ n: a.count() })).print();
 * await env.executeAsync();
 * await cluster.advance(seconds(10));
 * ```
 */
export async function miniCluster(options: MiniClusterOptions = {}): Promise<MiniCluster> {
  return new InlineCluster(options);
}

class InlineCluster implements MiniCluster {
  readonly #clock: ManualClock;
  readonly #streams: TextStreams;
  readonly #config: Config;
  readonly #jobs = new Set<InlineJob>();
  #starting = 0;

  constructor(options: MiniClusterOptions) {
    this.#clock = new ManualClock(options.startTime ?? 0);
    this.#streams = new TextStreams(options.stdin ?? "");
    this.#config = parseConfig({
      [OBJECT_FREEZE.key]: true,
      ...options.config,
      [PARALLELISM.key]: options.parallelism ?? 2,
    });
  }

  now(): number {
    return this.#clock.now();
  }

  get stdout(): string {
    return this.#streams.stdout;
  }

  get stderr(): string {
    return this.#streams.stderr;
  }

  environment({ restore }: MiniClusterStart = {}): StreamExecutionEnvironment {
    return new StreamExecutionEnvironment({
      connectors: builtinConnectors,
      config: this.#config,
      executor: {
        submit: (graph, { args }) => this.#start({ ...settleGraph(graph, 1), args }, undefined, restore),
      },
    });
  }

  async start(
    job: JobProgram,
    args: Readonly<Record<string, unknown>> = {},
    { restore }: MiniClusterStart = {},
  ): Promise<JobClient> {
    const built = buildJob(job, {
      args: { values: args, resolvePath: (path) => resolve(path) },
      config: this.#config,
    });
    return this.#start(built, rebuilding(job), restore);
  }

  async advance(ms: number): Promise<void> {
    const until = this.#clock.now() + ms;
    await this.settle();
    // From timer to timer: what one of them sets off may set others that are due before the end.
    for (let next = this.#clock.nextTimer; next <= until; next = this.#clock.nextTimer) {
      this.#clock.advanceTo(Math.max(next, this.#clock.now()));
      await this.settle();
    }
    this.#clock.advanceTo(until);
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      await new Promise<void>((next) => this.#clock.yield(next));
      quiet = this.#starting === 0 && [...this.#jobs].every((job) => job.quiet) ? quiet + 1 : 0;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const jobs = [...this.#jobs];
    for (const job of jobs) job.cancel();
    await Promise.all(jobs.map(({ done }) => done));
  }

  async #start(
    built: BuiltJob,
    program: Program | undefined,
    restore: RestoreOptions | undefined,
  ): Promise<JobClient> {
    const from = this.#clock.monotonic();
    this.#starting++;
    const job = await startInline(built, program, {
      clock: this.#clock,
      streams: this.#streams,
      restoreFrom: restore,
      log: (level, message) => this.#streams.note(`[${level}] ${message}\n`),
    }).finally(() => this.#starting--);
    this.#jobs.add(job);
    void job.done.then(() => this.#jobs.delete(job));
    return new LocalJobClient(job, () => this.#clock.monotonic() - from);
  }
}
