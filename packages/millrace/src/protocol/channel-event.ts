import type { CheckpointLocation } from "./control/snapshots.ts";

/**
 * What travels between records, each in a frame of its own (data frames hold records and watermarks only).
 * A union by `kind`; on the wire each kind has a number, see docs/formats/frames.md.
 */
export type ChannelEvent =
  /** A checkpoint's barrier: records before it belong to the checkpoint, records after it don't. */
  | {
      readonly kind: "barrier";
      readonly checkpointId: number;
      readonly timestamp: number;
      readonly options: BarrierOptions;
    }
  /** Checkpoint given up: whoever aligns for it stops. */
  | { readonly kind: "cancelBarrier"; readonly checkpointId: number }
  | { readonly kind: "idle" }
  | { readonly kind: "active" }
  /** Sent at a known time, to measure how long records take. */
  | {
      readonly kind: "latencyMarker";
      readonly sourceUid: string;
      readonly subtask: number;
      readonly sentAt: number;
    }
  /** No more records; `drained` says whether the final watermark came before. */
  | { readonly kind: "endOfData"; readonly drained: boolean }
  /** The last frame of the channel. */
  | { readonly kind: "endOfPartition" };

/** The barrier of a checkpoint. */
export type Barrier = Extract<ChannelEvent, { readonly kind: "barrier" }>;

/** How a barrier is to be treated. */
export interface BarrierOptions {
  readonly snapshot: "checkpoint" | "savepoint" | "terminateSavepoint" | "drainSavepoint";
  readonly mode: "exactly-once" | "at-least-once";
  readonly alignment: "aligned" | "unaligned";
  /** ms after which an aligned barrier turns unaligned; undefined: never. */
  readonly alignmentTimeout: number | undefined;
  /** Where a savepoint goes; undefined: where the job's checkpoints go. */
  readonly location: CheckpointLocation | undefined;
  /** Whether changes against an earlier, confirmed checkpoint will do; false: the whole state. */
  readonly incremental: boolean;
}
