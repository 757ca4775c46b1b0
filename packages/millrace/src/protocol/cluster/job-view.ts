import type { JobId, VertexId } from "../../common/ids/ids.ts";
import type { ExecutionState } from "../../graph/execution/execution-state.ts";
import type { JobStatus } from "../../graph/execution/job-status.ts";
import type { ParallelismBounds } from "./job-submission.ts";

/*
 * A job as its JobMaster tells of it: plain data, from which the REST API and the CLI make their answers. Times in ms since the epoch, sizes
 * in bytes; undefined where something has not happened.
 */

/** One job. */
export interface JobView {
  readonly jobId: JobId;
  readonly name: string;
  readonly status: JobStatus;
  /** When it came into each state for the last time. */
  readonly timestamps: Readonly<Partial<Record<JobStatus, number>>>;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly maxParallelism: number;
  readonly restarts: number;
  /** Why it waits, in words: "waiting for 4 slots, 2 are free for it, 31 s of 300 s"; undefined where it does not. */
  readonly waiting: string | undefined;
  readonly vertices: readonly VertexView[];
  readonly edges: readonly EdgeView[];
  readonly exceptions: readonly ExceptionView[];
  readonly checkpoints: CheckpointsView;
  readonly rescales: readonly RescaleView[];
  /** The job's settings, secrets redacted. */
  readonly config: Readonly<Record<string, string>>;
  /** Parallelism that the job may use, by vertex. */
  readonly requirements: Readonly<Record<string, ParallelismBounds>>;
}

/** A job in a list. */
export interface JobSummaryView extends Pick<
  JobView,
  "jobId" | "name" | "status" | "startedAt" | "endedAt" | "timestamps" | "restarts"
> {
  readonly tasks: Readonly<Record<ExecutionState, number>>;
}

/** A chain of operators. */
export interface VertexView {
  readonly id: VertexId;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** The highest parallelism that it can ever have, where that is below its max parallelism: by its source or its sinks. */
  readonly limit?: number | undefined;
  readonly slotSharingGroup: string;
  readonly operators: readonly { readonly uid: string; readonly name: string; readonly kind: string }[];
  readonly subtasks: readonly SubtaskView[];
}

/** A subtask's attempts: the current one, and the last ones before it. */
export interface SubtaskView {
  readonly subtask: number;
  readonly current: AttemptView;
  readonly earlier: readonly AttemptView[];
}

/** One attempt of a subtask. */
export interface AttemptView {
  readonly attempt: number;
  readonly state: ExecutionState;
  readonly timestamps: Readonly<Partial<Record<ExecutionState, number>>>;
  readonly taskManagerId: string | undefined;
  /** Host and port of its TaskManager. */
  readonly endpoint: string | undefined;
  /** Of the slot that it runs in, as `GrantedSlot` names it. */
  readonly slotId?: string | undefined;
  /** Its last metrics by Flink's names (`numRecordsIn`, `busyTimeMsPerSecond`, ...) and the user's `<operator>.<name>`. */
  readonly metrics: Readonly<Record<string, number | string | boolean>>;
}

/** Channels from one vertex to another. */
export interface EdgeView {
  readonly source: VertexId;
  readonly target: VertexId;
  /** HASH, FORWARD, REBALANCE ... */
  readonly shipStrategy: string;
}

/** What failed the job, or a part of it. The newest first. */
export interface ExceptionView {
  readonly at: number;
  readonly code: string;
  readonly message: string;
  readonly stack: string;
  /** What to do about it. */
  readonly help?: string | undefined;
  /** `<vertex name> (2/4)`; undefined: the job as a whole. */
  readonly task: string | undefined;
  readonly taskManagerId: string | undefined;
  readonly endpoint: string | undefined;
}

/** A job's checkpoints. */
export interface CheckpointsView {
  readonly counts: {
    readonly restored: number;
    readonly total: number;
    readonly inProgress: number;
    readonly completed: number;
    readonly failed: number;
  };
  /** The newest first. */
  readonly history: readonly CheckpointView[];
  readonly restored:
    | {
        readonly id: number;
        readonly at: number;
        readonly isSavepoint: boolean;
        readonly path: string | undefined;
      }
    | undefined;
}

/** One checkpoint or savepoint. */
export interface CheckpointView {
  readonly id: number;
  readonly kind: "checkpoint" | "savepoint" | "sync savepoint";
  readonly status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  readonly triggeredAt: number;
  readonly latestAckAt: number | undefined;
  readonly durationMs: number | undefined;
  readonly stateBytes: number;
  readonly writtenBytes: number;
  readonly channelBytes: number;
  readonly path: string | undefined;
  readonly discarded: boolean;
  readonly failure: string | undefined;
  readonly subtasks: number;
  readonly acknowledged: number;
  readonly tasks: readonly CheckpointTaskView[];
}

/** A vertex's share of a checkpoint. */
export interface CheckpointTaskView {
  readonly vertex: VertexId;
  readonly subtasks: readonly {
    readonly subtask: number;
    /** undefined: not acknowledged. Times of its parts in ms. */
    readonly ackAt: number | undefined;
    readonly stateBytes: number;
    readonly writtenBytes: number;
    readonly channelBytes: number;
    readonly alignment: number;
    readonly startDelay: number;
    readonly sync: number;
    readonly async: number;
  }[];
}

/** A change of parallelism while the job ran. The newest first. */
export interface RescaleView {
  readonly id: string;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  readonly trigger: "request" | "new resources" | "lost resources";
  readonly parallelism: Readonly<Record<string, { readonly from: number; readonly to: number }>>;
  readonly failure: string | undefined;
  /** Why not every vertex came to what it may have at most, though the change was made; undefined: each did. */
  readonly unmet?: string | undefined;
}
