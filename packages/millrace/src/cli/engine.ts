import type { StandardStreams } from "../cluster/job-manager/job-master/standard-streams.ts";
import type { LocalJob } from "../cluster/local/local-job.ts";
import type { JobGraph } from "../graph/job/job-graph.ts";
import type { JobProgram } from "../graph/stream/job-program.ts";
import type { StreamGraph } from "../graph/stream/stream-graph.ts";
import type { LogLevel } from "./report/reporter.ts";

/** How a job is built. */
export interface PlanOptions {
  /** undefined: what `config` says, or one for each core of the machine. */
  readonly parallelism: number | undefined;
  /** The job's own arguments: `["--input", "data.csv"]`. */
  readonly args: readonly string[];
  /** Parsed settings. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** How a job is run. */
export interface StartOptions extends PlanOptions {
  readonly streams: StandardStreams;
  log(level: LogLevel, message: string): void;
}

/** A job that was built, not started. */
export interface BuiltJob {
  readonly program: JobProgram;
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
}

/**
 * What the commands need of the engine. Loaded when a command line has been understood, and not before: wrong ones are refused at once.
 * All of it rejects with MillraceError for a module that isn't a job's, for wrong arguments, and for what the program refuses itself.
 */
export interface Engine {
  /** Imports a job's module; builds nothing. */
  readonly program: (moduleUrl: string) => Promise<JobProgram>;
  readonly plan: (moduleUrl: string, options: PlanOptions) => Promise<BuiltJob>;
  readonly start: (moduleUrl: string, options: StartOptions) => Promise<LocalJob>;
}
