import { availableParallelism } from "node:os";
import { configValue } from "../../common/config/configuration.ts";
import { MAX_PARALLELISM, OPERATOR_CHAINING, PARALLELISM } from "../../common/config/options.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import { createJobGraph } from "../../graph/job/create-job-graph.ts";
import { checkCheckpointOptions } from "../job-manager/job-master/checkpoints/check-checkpoint-options.ts";
import type { AdoptedMaxParallelism } from "../job-manager/restore/adopt-max-parallelism.ts";
import type { JobGraph } from "../../graph/job/job-graph.ts";
import type { ArgsInput, JobProgram } from "../../graph/stream/job-program.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";

/** A program with its graphs, ready to be started. */
export interface BuiltJob {
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
  /** The job's arguments, parsed. */
  readonly args: Readonly<Record<string, unknown>>;
  /** All settings, the parallelism among them: what every later build gets. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** How a program is built where it is submitted. */
export interface BuildOptions {
  readonly args: ArgsInput;
  /** Parsed settings of who runs the job; they win over the program's. */
  readonly config: Readonly<Record<string, unknown>>;
  /** For operators that have none, where no setting says so either. Default: one for each core of the machine. */
  readonly defaultParallelism?: number;
}

/** Builds a program for submission: captured values are evaluated now. */
export function buildJob(program: JobProgram, options: BuildOptions): BuiltJob {
  const args = program.parseArgs(options.args);
  const streamGraph = firstBuild(program, args, options.config);
  return { ...settleGraph(streamGraph, options.defaultParallelism ?? availableParallelism()), args };
}

function firstBuild(
  program: JobProgram,
  args: BuiltJob["args"],
  config: BuildOptions["config"],
): StreamGraph {
  try {
    return program.buildStreamGraph({ args, config, captured: undefined });
  } catch (error) {
    if (MillraceError.is(error)) throw error;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : preview(error);
    throw new MillraceError("JOB_MODULE_INVALID", `the builder of job "${program.name}" failed: ${text}`, {
      cause: error,
    });
  }
}

/** Where the key groups that were taken over from a checkpoint stand among the settings, which travel with the job: no option. */
const ADOPTED_MAX_PARALLELISM = "$adopted-max-parallelism";

/** The job with the key groups of the checkpoint that it starts from. */
export function adoptMaxParallelism(built: BuiltJob, adopted: AdoptedMaxParallelism): BuiltJob {
  const config = { ...built.config, [ADOPTED_MAX_PARALLELISM]: adopted };
  return { ...settleGraph({ ...built.streamGraph, config }, 1), args: built.args };
}

/** Where the parallelisms of a rescaled job stand, likewise. */
const PARALLELISM_OVERRIDES = "$parallelism-overrides";

/** The job at other parallelisms, by vertex; vertices that are not named have those that the program and its settings say. */
export function overrideParallelism(
  built: BuiltJob,
  parallelism: Readonly<Record<string, number>>,
): BuiltJob {
  const { [PARALLELISM_OVERRIDES]: _, ...others } = built.config;
  const config =
    Object.keys(parallelism).length === 0 ? others : { ...others, [PARALLELISM_OVERRIDES]: parallelism };
  return { ...settleGraph({ ...built.streamGraph, config }, 1), args: built.args };
}

/**
 * The job graph of a stream graph by its own settings, and the settings with the parallelism that was chosen.
 *
 * @throws INVALID_GRAPH; INVALID_OPTION where settings contradict each other
 */
export function settleGraph(streamGraph: StreamGraph, defaultParallelism: number): Omit<BuiltJob, "args"> {
  const { config } = streamGraph;
  checkCheckpointOptions(config);
  const parallelism = configValue(config, PARALLELISM) ?? defaultParallelism;
  const jobGraph = createJobGraph(streamGraph, {
    parallelism,
    maxParallelism: configValue(config, MAX_PARALLELISM),
    adoptedMaxParallelism: config[ADOPTED_MAX_PARALLELISM] as AdoptedMaxParallelism | undefined,
    parallelismOverrides: config[PARALLELISM_OVERRIDES] as Readonly<Record<string, number>> | undefined,
    chaining: configValue(config, OPERATOR_CHAINING) ?? true,
  });
  return { streamGraph, jobGraph, config: { ...config, [PARALLELISM.key]: parallelism } };
}
