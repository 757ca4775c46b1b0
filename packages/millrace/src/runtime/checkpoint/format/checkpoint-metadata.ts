import type { JobId, OperatorUid } from "../../../common/ids/ids.ts";
import type { ChannelSnapshot, KeyedStateHandle, StateBytes } from "../../../protocol/control/snapshots.ts";

/** The version of `_metadata` and of the files it names. */
export const CHECKPOINT_FORMAT = 1;

/** What `_metadata` holds: everything needed to restore a job, or to look into its state without its program. */
export interface CheckpointMetadata {
  readonly format: number;
  /** What wrote it, e.g. "millrace 0.1.0". */
  readonly writer: string;
  readonly jobId: JobId;
  readonly jobName: string;
  readonly checkpointId: number;
  /**
   * Of the owner of the job's folder who wrote it, from 1; the newest checkpoint is the one with the highest epoch, then number. Absent in
   * savepoints, in what stays in memory, and in what was written before there were owners.
   */
  readonly epoch?: number;
  /** When it was triggered and when it was recorded, ms since the epoch. */
  readonly triggeredAt: number;
  readonly completedAt: number;
  readonly kind: "checkpoint" | "savepoint";
  /** "drain": the job's input had been ended on purpose; nothing more can come of it. */
  readonly stop: "no" | "stop" | "drain";
  /** Version of the hash that maps keys to key groups. */
  readonly keyHashVersion: number;
  /** Every operator of the job, in the order of its graph. */
  readonly operators: readonly OperatorMetadata[];
  /** Records that the checkpoint overtook; empty when it was aligned. */
  readonly channels: readonly ChannelSnapshot[];
}

/** One operator. */
export interface OperatorMetadata {
  readonly uid: OperatorUid;
  readonly uidExplicit: boolean;
  readonly name: string;
  /** Kind of its spec: "map", "window", "source", ... */
  readonly kind: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /**
   * Settings of the operator that its state depends on, in words, by what they set: `{ source: "file source" }`. `stateSettings` gives them.
   * Absent where there are none.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** What a source's splits were made from (`Source.input`), when the job was started for the first time. Absent where it does not say. */
  readonly input?: Readonly<Record<string, string>>;
  /** State of a source's enumerator, as the self-describing codec wrote it. */
  readonly coordinator: StateBytes | undefined;
  /** By subtask; subtasks without state stand here, too. */
  readonly subtasks: readonly SubtaskMetadata[];
}

/** One operator in one subtask. */
export interface SubtaskMetadata {
  readonly finished: boolean;
  readonly keyed: KeyedStateHandle | undefined;
  readonly operatorState: StateBytes | undefined;
  readonly splits: readonly unknown[] | undefined;
}
