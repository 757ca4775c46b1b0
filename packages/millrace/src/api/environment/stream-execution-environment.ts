import { configValue, parseConfig, type Config } from "../../common/config/configuration.ts";
import { JOB_NAME, type ConfigValues } from "../../common/config/options.ts";
import type { Source, SourceSplit } from "../../common/connector/source.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import { optionalType } from "../../common/types/optional-type.ts";
import type { TypeLike } from "../../common/types/type-like.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { BuiltinConnectors, GeneratorOptions } from "../builtin-connectors.ts";
import type { JobClient, JobExecutor, JobResult } from "../executor.ts";
import type { SingleOutputStreamOperator } from "../streams/streams.ts";
import { CapturedValues } from "./captured-values.ts";
import { Program } from "./program.ts";

/** What an environment is made of. */
export interface EnvironmentParts {
  readonly connectors: BuiltinConnectors;
  /** Undefined where the program only records, as a job's builder does. */
  readonly executor: JobExecutor | undefined;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Settings of who runs the job, parsed; they win over the program's. */
  readonly config?: Config;
  /** What was captured at submission; undefined where this is the submission. */
  readonly captured?: Readonly<Record<string, unknown>> | undefined;
}

/** Settings of the sources that an environment makes itself. */
export interface SourceOptions<T> {
  /** The source's name in plans and metrics. */
  readonly name?: string;
  /** The records' type, so that they get a generated codec and are checked. */
  readonly type?: TypeLike<T>;
  /** How event time comes out of records; default no event time. */
  readonly watermarks?: WatermarkStrategy<NoInfer<T>>;
}

/**
 * Where a program begins: makes streams from sources, holds the settings, runs what was recorded.
 *
 * @example
 * ```ts
 * const env = createEnvironment();
 * const lengths = await env.fromItems(["to", "be"]).map((word) => word.length).executeAndCollect().toArray();
 * ```
 */
export class StreamExecutionEnvironment {
  readonly #parts: EnvironmentParts;
  readonly #program: Program;
  readonly #captured: CapturedValues;
  #config: Config = {};

  /** Made by `createEnvironment()`, and handed to a job's builder. */
  constructor(parts: EnvironmentParts) {
    this.#parts = parts;
    this.#captured = new CapturedValues(parts.captured);
    this.#program = new Program(parts.connectors, (jobName, pruned) => this.#run(jobName, pruned));
  }

  /**
   * The records of a source.
   *
   * @param source where they come from
   * @param watermarks how event time comes out of them; `WatermarkStrategy.noWatermarks()` for none
   * @param name in plans and metrics; default the source's
   * @throws MillraceError INVALID_ARGUMENT when it is no source
   * @example
   * ```ts
   * env.fromSource(fileSource({ path: "clicks.jsonl", schema: Click }),
   *   WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestamps((c) => c.at), "clicks")
   * ```
   */
  fromSource<T, S extends SourceSplit, E>(
    source: Source<T, S, E>,
    watermarks: WatermarkStrategy<NoInfer<T>>,
    name?: string,
  ): SingleOutputStreamOperator<T> {
    return this.#source(source, { watermarks, ...(name === undefined ? {} : { name }) });
  }

  /** The items of an array or another finite iterable, in order. @example `env.fromItems([1, 2, 3])` */
  fromItems<T>(items: Iterable<T>, options: SourceOptions<T> = {}): SingleOutputStreamOperator<T> {
    return this.#source(this.#parts.connectors.items(items), options);
  }

  /**
   * What an asynchronous iterable gives. It can't be read again: after a failure the records before it are lost.
   *
   * @param open makes the iterable; called once for each attempt
   * @example `env.fromAsyncIterable(() => on(socket, "data"))`
   */
  fromAsyncIterable<T>(
    open: () => AsyncIterable<T>,
    options: SourceOptions<T> = {},
  ): SingleOutputStreamOperator<T> {
    return this.#source(this.#parts.connectors.asyncIterable(open), options);
  }

  /** The whole numbers from `from` to `to`, both included. @example `env.fromSequence(1, 1_000_000)` */
  fromSequence(
    from: number,
    to: number,
    options: SourceOptions<number> = {},
  ): SingleOutputStreamOperator<number> {
    return this.#source(this.#parts.connectors.sequence(from, to), options);
  }

  /** Records made of an index, at a rate if you like. @example `env.generate({ generate: (i) => ({ id: i }), ratePerSecond: 1000 })` */
  generate<T>(generator: GeneratorOptions<T>, options: SourceOptions<T> = {}): SingleOutputStreamOperator<T> {
    return this.#source(this.#parts.connectors.generator(generator), options);
  }

  /**
   * A value from outside the program: the time, an environment variable, a file's content. Evaluated once, when the job is
   * submitted; the value travels with the job, so that every slot and attempt builds the same program.
   *
   * @param name unique in the program
   * @param read answers plain data; the value is frozen
   * @throws MillraceError INVALID_ARGUMENT when the name is taken or the value is no plain data
   * @example `const region = env.capture("region", () => process.env["REGION"] ?? "eu")`
   */
  capture<T>(name: string, read: () => T): T {
    return this.#captured.capture(name, read);
  }

  /**
   * Settings by key. What whoever runs the job sets (`-D key=value`) wins.
   *
   * @throws MillraceError UNKNOWN_OPTION with what was perhaps meant, INVALID_OPTION
   * @example `env.configure({ "pipeline.auto-watermark-interval": "50 ms" })`
   */
  configure(values: ConfigValues): this {
    this.#config = Object.freeze({ ...this.#config, ...parseConfig(values) });
    return this;
  }

  /** Parallelism of operators that have none of their own. @throws MillraceError INVALID_OPTION @example `env.setParallelism(4)` */
  setParallelism(parallelism: number): this {
    return this.configure({ "parallelism.default": parallelism });
  }

  /** The number of key groups of keyed operators. @throws MillraceError INVALID_OPTION @example `env.setMaxParallelism(1024)` */
  setMaxParallelism(maxParallelism: number): this {
    return this.configure({ "pipeline.max-parallelism": maxParallelism });
  }

  /** The settings in force, by key: the program's and those of who runs it. @example `env.config["parallelism.default"]` */
  get config(): Config {
    return Object.freeze({ ...this.#config, ...this.#parts.config });
  }

  /** The arguments of the job; empty in a script. @example `env.args["input"]` */
  get args(): Readonly<Record<string, unknown>> {
    return this.#parts.args ?? {};
  }

  /**
   * Runs what was recorded, to its end.
   *
   * @throws MillraceError INVALID_GRAPH, JOB_FAILED with the cause, JOB_CANCELED; STATE_MISUSE in a job's builder, and where streams are
   *   collected, whose records nobody could take meanwhile
   * @example `await env.execute("word count")`
   */
  async execute(jobName?: string): Promise<JobResult> {
    if (this.#program.collecting > 0) {
      throw new MillraceError(
        "STATE_MISUSE",
        "execute() waits for the end of a job whose collected records nobody takes",
        {
          help: "Call executeAsync(), take the records, then await client.result().",
        },
      );
    }
    const client = await this.executeAsync(jobName);
    return await client.result();
  }

  /** Starts what was recorded. @throws MillraceError as `execute`, but for what fails the job later @example `const client = await env.executeAsync()` */
  async executeAsync(jobName?: string): Promise<JobClient> {
    return await this.#run(jobName, false);
  }

  /**
   * The graph of what was recorded since the last execution, without running it.
   *
   * @throws MillraceError INVALID_GRAPH
   * @example `describeGraph(env.getStreamGraph())`
   */
  getStreamGraph(jobName?: string): StreamGraph {
    return this.#graph(jobName, false);
  }

  #source<T, S extends SourceSplit, E>(
    source: Source<T, S, E>,
    options: SourceOptions<T>,
  ): SingleOutputStreamOperator<T> {
    const { name, type, watermarks = WatermarkStrategy.noWatermarks<T>() } = options;
    if (typeof source?.createReader !== "function" || typeof source.createEnumerator !== "function") {
      throw new MillraceError("INVALID_ARGUMENT", `fromSource takes a source, got ${preview(source)}`);
    }
    if (typeof watermarks?.withIdleness !== "function") {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `fromSource takes a WatermarkStrategy, got ${preview(watermarks)}`,
        {
          help: "Without event time, give WatermarkStrategy.noWatermarks().",
        },
      );
    }
    // The graph holds sources of all records, splits and states alike.
    const erased = source as unknown as Source<unknown, SourceSplit, unknown>;
    return this.#program.streams.operator<T>({
      spec: { kind: "source", source: erased, watermarks: watermarks as WatermarkStrategy<unknown> },
      name: name === undefined ? undefined : `Source: ${name}`,
      inputs: [],
      outputType: (optionalType(type) ?? source.type) as typeof erased.type,
    });
  }

  #graph(jobName: string | undefined, pruned: boolean): StreamGraph {
    const { builder, sinks } = this.#program;
    const name = configValue(this.config, JOB_NAME) ?? jobName ?? "millrace job";
    if (!pruned) builder.refuseOpenEnds();
    return builder.build({
      jobName: name,
      config: this.config,
      captured: this.#captured.all(),
      sinks,
    });
  }

  #run(jobName: string | undefined, pruned: boolean): Promise<JobClient> {
    const { executor } = this.#parts;
    if (executor === undefined) {
      throw new MillraceError(
        "STATE_MISUSE",
        "a job's builder only records: whoever runs the job executes it",
        {
          help: "Leave out execute and executeAndCollect, and end the streams with sinkTo.",
        },
      );
    }
    const client = executor.submit(this.#graph(jobName, pruned), { args: this.args });
    this.#program.begin(client);
    return client;
  }
}
