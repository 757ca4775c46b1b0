import type { ExecutionId, JobId, SlotId, VertexId } from "../../common/ids/ids.ts";
import type { CheckpointLocation, TaskRestore } from "./snapshots.ts";

/** Says whose message it is; a slot refuses tokens older than the one it was deployed with. */
export interface FencingToken {
  /** Of the JobManager's leadership; 0 in a single process. */
  readonly epoch: number;
  readonly jobId: JobId;
  readonly attempt: number;
}

/** One task to run. */
export interface TaskDeployment {
  readonly execution: ExecutionId;
  readonly vertex: VertexId;
  readonly subtask: number;
  /** undefined: it starts without state. */
  readonly restore: TaskRestore | undefined;
}

/** How the tasks of a job take part in checkpoints. */
export interface CheckpointDeployment {
  /** Whether checkpoints are taken periodically: then a task's end is part of one. */
  readonly periodic: boolean;
  /** Where the job's checkpoints go; a savepoint's barrier says where it goes. */
  readonly location: CheckpointLocation;
}

/** A channel between two tasks. */
export interface ChannelDeployment {
  /** Unique in the attempt. */
  readonly id: number;
  /** Index of the job graph's edge. */
  readonly edge: number;
  readonly producer: ChannelEnd;
  readonly consumer: ChannelEnd;
}

/** One side of a channel. */
export interface ChannelEnd {
  readonly vertex: VertexId;
  readonly subtask: number;
  /** Index of the slot in the deployment. */
  readonly slot: number;
}

/**
 * How a slot gets at the program: a module to import, or a graph that only this thread knows (scripts). In a cluster the JobMaster names an
 * artifact by its bytes, and the slot's thread puts in its place the module that its TaskManager has told it.
 */
export type ProgramDeployment =
  | { readonly kind: "module"; readonly url: string; readonly originalUrl: string }
  | { readonly kind: "artifact"; readonly sha256: string; readonly originalUrl: string }
  | { readonly kind: "inline"; readonly key: string };

/** Everything a slot must know to run its share of a job's attempt. Plain data, but for shared memory in `rings`. */
export interface SlotDeployment {
  readonly token: FencingToken;
  readonly jobName: string;
  readonly slot: number;
  readonly slotId: SlotId;
  readonly program: ProgramDeployment;
  readonly args: Readonly<Record<string, unknown>>;
  readonly captured: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly checkpoints: CheckpointDeployment;
  /** What the rebuilt job graph must look like. */
  readonly fingerprint: string;
  /** Its nodes as text, so that a difference can be named. */
  readonly nodes: readonly string[];
  readonly tasks: readonly TaskDeployment[];
  /** All channels with an end in this slot. */
  readonly channels: readonly ChannelDeployment[];
  /** Rings to and from other slots of the process; undefined where there is one slot. Structured-cloneable. */
  readonly rings: unknown;
}
