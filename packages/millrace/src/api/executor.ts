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
   *
   * With checkpoints records come when a completed one includes them, each once, although the job may have failed and gone on; those
   * since the last one are lost when the job fails or is cancelled. Without checkpoints they come at once.
   */
  collected(channel: string): AsyncIterable<readonly unknown[]>;
  /** What the job's tasks have done so far, one entry for each subtask; after the end, what they had done. */
  metrics(): Promise<readonly SubtaskMetrics[]>;
  /**
   * Takes a savepoint and goes on: a copy of the job's state, whole and self-contained, to start this or a changed job from.
   *
   * @returns the savepoint's folder
   * @throws MillraceError CHECKPOINT_FAILED with the cause, CHECKPOINT_EXPIRED, CHECKPOINT_STORAGE_FAILED; INVALID_ARGUMENT where neither a
   *   folder is given nor `execution.checkpointing.savepoint-dir` is set
   * @example `const path = await client.triggerSavepoint("savepoints");`
   */
  triggerSavepoint(directory?: string): Promise<string>;
  /**
   * Stops the job with a savepoint: sources stop, everything that they have read is processed and committed, and the job ends as
   * FINISHED. With `drain` the input counts as ended for good: a final watermark fires all windows and timers.
   *
   * @returns the savepoint's folder
   * @throws MillraceError as `triggerSavepoint`; the job then goes on
   */
  stopWithSavepoint(options?: StopOptions): Promise<string>;
  /** Takes a checkpoint now, whatever the interval says. Answers its number. @throws MillraceError CHECKPOINT_FAILED, CHECKPOINT_EXPIRED */
  triggerCheckpoint(): Promise<number>;
  /** What checkpoints have been taken, and how they went. */
  checkpoints(): CheckpointStatistics;
}

/** How a job is stopped with a savepoint. */
export interface StopOptions {
  /** Folder in which the savepoint makes its own. Default: `execution.checkpointing.savepoint-dir`. */
  readonly directory?: string;
  /** Whether the input counts as ended for good. Default false. */
  readonly drain?: boolean;
}

/** The checkpoints and savepoints of a job. */
export interface CheckpointStatistics {
  readonly triggered: number;
  readonly completed: number;
  readonly failed: number;
  readonly inProgress: number;
  /** How often the job, or a part of it, was started from a checkpoint. */
  readonly restored: number;
  /** The last ones, the newest first; at most 10. */
  readonly history: readonly CheckpointSummary[];
}

/** One checkpoint or savepoint. */
export interface CheckpointSummary {
  readonly id: number;
  readonly kind: "checkpoint" | "savepoint";
  readonly status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  /** ms since the epoch. */
  readonly triggeredAt: number;
  /** From the trigger to the end, ms; undefined while it is underway. */
  readonly durationMs: number | undefined;
  /** Of the whole state, and of what was written anew, bytes. */
  readonly stateBytes: number;
  readonly writtenBytes: number;
  /** Its folder; undefined where it is in memory, or failed. */
  readonly path: string | undefined;
  /** Why it failed. */
  readonly failure: string | undefined;
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
