import { parseConfig, type Config } from "../../common/config/configuration.ts";
import type { ConfigValues } from "../../common/config/options.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { ArgDescription, ArgsInput, BuildRequest, JobProgram } from "../../graph/stream/job-program.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { BuiltinConnectors } from "../builtin-connectors.ts";
import { StreamExecutionEnvironment } from "../environment/stream-execution-environment.ts";
import type { ArgSpecs, ArgValues } from "./arg.ts";
import { describeArgs, parseArgs } from "./parse-args.ts";

/** What a job says of itself besides its builder. */
export interface JobOptions<A extends ArgSpecs = {}> {
  /** The arguments that the job takes, by name. */
  readonly args?: A;
  /** What the job does, for `millrace info`. */
  readonly description?: string;
  /** Settings by key; whoever runs the job may overrule them. */
  readonly config?: ConfigValues;
}

/**
 * Records the job's program. Synchronous, and the same for the same arguments: it runs once in each slot. What comes from outside (the
 * time, the machine) goes through `env.capture`.
 */
export type JobBuilder<A extends ArgSpecs> = (
  env: StreamExecutionEnvironment,
  args: ArgValues<A>,
) => undefined | void;

/** A job, as a module exports it. @typeParam A its arguments */
export interface JobDefinition<A extends ArgSpecs = ArgSpecs> extends JobProgram {
  readonly options: JobOptions<A>;
  /** The program: records the job's transformations on an environment. */
  build(env: StreamExecutionEnvironment, args: ArgValues<A>): undefined | void;
}

/**
 * Defines a job. The package's root offers it as `job(import.meta, name, options, build)`, with its connectors.
 *
 * @param meta the module's `import.meta`, which tells where the module stands
 * @param name the job's name
 * @param connectors what `env.fromItems` and its siblings use
 * @throws MillraceError JOB_MODULE_INVALID, UNKNOWN_OPTION, INVALID_OPTION
 * @example
 * ```ts
 * export default job(import.meta, "copy", { args: { input: arg.path() } }, (env, args) => {
 *   env.fromSource(fileSource({ path: args.input }), WatermarkStrategy.noWatermarks()).print();
 * });
 * ```
 */
export function defineJob<const A extends ArgSpecs = {}>(
  meta: { readonly url: string },
  name: string,
  options: JobOptions<A>,
  build: JobBuilder<A>,
  connectors: BuiltinConnectors,
): JobDefinition<A> {
  checkDefinition(meta, name, options, build);
  const specs: ArgSpecs = options.args ?? {};
  const config: Config = parseConfig(options.config ?? {});
  const args: readonly ArgDescription[] = describeArgs(specs);
  const definition: JobDefinition<A> = {
    "~millrace": "job",
    name,
    url: meta.url,
    description: options.description,
    options,
    args,
    build,
    parseArgs: (input: ArgsInput) => parseArgs(specs, input),
    buildStreamGraph: (request: BuildRequest): StreamGraph => {
      const env = new StreamExecutionEnvironment({
        connectors,
        executor: undefined,
        args: request.args,
        config: { ...config, ...request.config },
        captured: request.captured,
      });
      refusePromise(name, build(env, request.args as ArgValues<A>));
      return env.getStreamGraph(name);
    },
  };
  return Object.freeze(definition);
}

function checkDefinition(meta: unknown, name: unknown, options: unknown, build: unknown): void {
  const problem = (what: string, got: unknown): MillraceError =>
    new MillraceError("JOB_MODULE_INVALID", `${what}, got ${preview(got)}`, {
      help: 'Write export default job(import.meta, "name", { args: { ... } }, (env, args) => { ... }).',
    });
  if (typeof (meta as { url?: unknown } | undefined)?.url !== "string")
    throw problem("job takes import.meta first", meta);
  if (typeof name !== "string" || name === "") throw problem("job takes the job's name second", name);
  if (typeof options !== "object" || options === null) throw problem("job takes its options third", options);
  if (typeof build !== "function") throw problem("job takes its builder last", build);
  for (const [arg, spec] of Object.entries((options as JobOptions<ArgSpecs>).args ?? {})) {
    if (spec?.["~millrace"] !== "arg")
      throw problem(`the argument ${arg} must be made by arg, e.g. arg.string()`, spec);
  }
}

function refusePromise(name: string, answer: unknown): void {
  if (typeof (answer as { then?: unknown } | undefined)?.then !== "function") return;
  // Nobody waits for it: what it throws is not to end the process.
  (answer as Promise<unknown>).then(undefined, () => undefined);
  throw new MillraceError("JOB_MODULE_INVALID", `the builder of job "${name}" is asynchronous`, {
    help: "Record the program synchronously; values from outside come by env.capture or as arguments.",
  });
}
