import type { SourceSplit } from "../../../../common/connector/source.ts";

/** Splits that were handed out before the snapshot of a checkpoint; `upTo` is undefined for those after the last one. */
interface Segment {
  upTo: number | undefined;
  readonly bySubtask: Map<number, SourceSplit[]>;
}

/**
 * Which splits readers were given since the last completed checkpoint: those that no checkpoint holds with their readers, so that
 * they go back to the enumerator when a reader fails.
 */
export class SplitLedger {
  #segments: Segment[] = [{ upTo: undefined, bySubtask: new Map() }];

  assigned(subtask: number, splits: readonly SourceSplit[]): void {
    const { bySubtask } = this.#segments.at(-1) as Segment;
    bySubtask.set(subtask, [...(bySubtask.get(subtask) ?? []), ...splits]);
  }

  /** The enumerator is being snapshotted: what was assigned until now is with the readers when they are. */
  snapshot(checkpointId: number): void {
    (this.#segments.at(-1) as Segment).upTo = checkpointId;
    this.#segments.push({ upTo: undefined, bySubtask: new Map() });
  }

  /** What was assigned before that checkpoint is in it. */
  completed(checkpointId: number): void {
    this.#segments = this.#segments.filter(({ upTo }) => upTo === undefined || upTo > checkpointId);
  }

  /** What a reader that failed was given and no completed checkpoint holds, in the order of assignment; forgotten here. */
  takeBack(subtask: number): readonly SourceSplit[] {
    return this.#segments.flatMap(({ bySubtask }) => {
      const splits = bySubtask.get(subtask) ?? [];
      bySubtask.delete(subtask);
      return splits;
    });
  }
}
