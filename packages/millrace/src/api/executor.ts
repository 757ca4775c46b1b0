import type { JobId } from "../common/ids/ids.ts";
import type { JobStatus } from "../graph/execution/job-status.ts";
import type { StreamGraph } from "../graph/stream/stream-graph.ts";

/** What an execution is given besides its graph. */
export interface SubmitOptions {
  /** The arguments that functions read from their RuntimeContext. Frozen, plain data. */
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * Runs graphs. The API records programs and knows nothing of how they run: whoever makes the environment gives it an executor.
 *
 * `submit` settles when the job was accepted; what fails later is told by the client. The graph is already valid.
 */
export interface JobExecutor {
  submit(graph: StreamGraph, options: SubmitOptions): Promise<JobClient>;
}

/**
 * A job that was submitted.
 *
 * @example
 * ```ts
 * const client = await env.executeAsync("delays");
 * process.once("SIGINT", () => void client.cancel());
 * const { durationMs } = await client.result();
 * ```
 */
export interface JobClient {
  readonly jobId: JobId;
  readonly jobName: string;
  /** The job's state now. */
  status(): JobStatus;
  /** Asks the job to stop; settles when it has. Does nothing to a job that has ended. */
  cancel(): Promise<void>;
  /**
   * Settles when the job has ended, however often it is called.
   *
   * @throws MillraceError JOB_FAILED with the cause, JOB_CANCELED
   */
  result(): Promise<JobResult>;
  /**
   * The records of a collect sink, in batches as they come. Can be taken once. The sink waits while nobody takes them: records
   * are never dropped. Ends when the sink has ended; throws what failed the job, JOB_CANCELED when it was cancelled. When the consumer
   * stops early (`return`), the rest is thrown away and the job goes on.
   */
  collected(channel: string): AsyncIterable<readonly unknown[]>;
  /** What the job's tasks have done so far, one entry for each subtask; after the end, what they had done. */
  metrics(): Promise<readonly SubtaskMetrics[]>;
}

/** Metrics of one subtask of one task: of an operator with all that are chained to it. */
export interface SubtaskMetrics {
  /** The operators: "Source: clicks -> parse". */
  readonly task: string;
  /** From 0. */
  readonly subtask: number;
  /** By name: `numRecordsIn` and the like; those that functions register, as `<operator>.<name>`. */
  readonly values: Readonly<Record<string, number | string | boolean>>;
}

/** How a job ended. */
export interface JobResult {
  readonly jobId: JobId;
  readonly jobName: string;
  /** From submission to the end, ms. */
  readonly durationMs: number;
  /** Sums over all subtasks of a job's sources and sinks. */
  readonly recordsIn: number;
  readonly recordsOut: number;
}
