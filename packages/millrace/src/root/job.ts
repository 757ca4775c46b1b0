import { isMainThread } from "node:worker_threads";
import type { ArgSpecs } from "../api/job/arg.ts";
import { defineJob } from "../api/job/define-job.ts";
import type { JobBuilder, JobDefinition, JobOptions } from "../api/job/define-job.ts";
import { builtinConnectors } from "./builtin-connectors.ts";

/** What a job needs of its module's `import.meta`. */
export interface JobModuleMeta {
  readonly url: string;
  /** Whether Node was started with this module: then the job runs, with the arguments of the command line. */
  readonly main?: boolean;
}

/**
 * Defines a job: the default export of a job module. The module can be run by `millrace run job.ts`, by `node job.ts`, by
 * `run(job)`, and in a cluster; each of them calls `build`, in each slot anew, to get the program's functions.
 *
 * @param meta the module's `import.meta`
 * @param name the job's name in logs and metrics
 * @param options its arguments, description and settings
 * @param build records the program; synchronous, and the same for the same arguments
 * @throws MillraceError JOB_MODULE_INVALID when it is called in another way, INVALID_OPTION, UNKNOWN_OPTION for wrong settings
 * @example
 * ```ts
 * import { arg, fileSink, fileSource, job, WatermarkStrategy } from "millrace";
 *
 * export default job(import.meta, "shout", { args: { input: arg.path(), output: arg.path() } }, (env, args) => {
 *   env
 *     .fromSource(fileSource({ path: args.input, format: "lines" }), WatermarkStrategy.noWatermarks(), "lines")
 *     .map((line) => line.toUpperCase())
 *     .sinkTo(fileSink({ path: args.output, format: "lines" }));
 * });
 * ```
 */
export function job<const A extends ArgSpecs = {}>(
  meta: JobModuleMeta,
  name: string,
  options: JobOptions<A>,
  build: JobBuilder<A>,
): JobDefinition<A> {
  const definition = defineJob(meta, name, options, build, builtinConnectors);
  if (meta.main === true && isMainThread) {
    // The module's own top level runs to its end first.
    setImmediate(
      () =>
        void import("../cli/run-main.ts").then(({ runMain }) => runMain(definition, process.argv.slice(2))),
    );
  }
  return definition;
}
