import type { BarrierOptions } from "../../../protocol/channel-event.ts";

/** A checkpoint as its barrier tells of it, or the JobMaster's trigger. */
export interface CheckpointStart {
  readonly checkpointId: number;
  /** When the JobMaster triggered it, ms since the epoch. */
  readonly timestamp: number;
  readonly options: BarrierOptions;
}

/** What a task is to do; in the order given. */
export type AlignerAction =
  /** Take nothing more from this channel until `unblock`. */
  | { readonly kind: "block"; readonly channel: number }
  /** Let all channels go again. */
  | { readonly kind: "unblock" }
  /**
   * All barriers are in that have to be: take the snapshot, before any record of those channels (exactly-once), or as soon as it can be
   * (at-least-once). `alignment`: ms since the first barrier. `missing`: channels whose barriers are not in, because they overtake: what
   * stands in front of them is part of the snapshot.
   */
  | {
      readonly kind: "start";
      readonly checkpoint: CheckpointStart;
      readonly alignment: number;
      readonly missing: readonly number[];
    }
  /** The checkpoint can't be taken here any more; tell the JobMaster. */
  | { readonly kind: "decline"; readonly checkpointId: number; readonly reason: string }
  /** Tell the tasks behind that no barrier of this checkpoint will come from here. */
  | { readonly kind: "cancel"; readonly checkpointId: number };
