import { hashKey } from "../../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../../common/keys/key-groups.ts";
import { MIN_WATERMARK, type Timestamp } from "../../../common/time/timestamps.ts";
import type { KeyedStateStore } from "../../state/keyed-state.ts";

/**
 * How far event time has come, for each key: the operator's watermark, and after a restore the watermark that the
 * key's group had reached before, where that is later (correctness rules 13 and 15). So what was late before a failure is late
 * after it, and windows that fired don't fire again, though sources start over with low watermarks and a rescale gave
 * this subtask key groups of different progress.
 */
export class WatermarkProgress {
  /** What all keys of this subtask have reached. */
  current: Timestamp = MIN_WATERMARK;
  /** Whether some key groups had come further than `current` before the restore. Read for each record: a plain field. */
  ahead = false;
  readonly #store: KeyedStateStore;
  /** Watermarks restored by key group from the first; undefined where all are the same. */
  #restored: Float64Array | undefined;
  #furthest: Timestamp = MIN_WATERMARK;

  constructor(store: KeyedStateStore) {
    this.#store = store;
  }

  /** Takes what the store has restored. */
  restore(): void {
    const { start, end } = this.#store.keyGroups;
    const restored = new Float64Array(end - start);
    for (let group = start; group < end; group++)
      restored[group - start] = this.#store.restoredWatermark(group);
    if (restored.length === 0) return;
    this.current = restored.reduce((a, b) => Math.min(a, b));
    this.#furthest = restored.reduce((a, b) => Math.max(a, b));
    this.ahead = this.current < this.#furthest;
    if (this.ahead) this.#restored = restored;
  }

  /** What some key has reached, and none has passed. */
  get furthest(): Timestamp {
    return Math.max(this.current, this.#furthest);
  }

  /** Moves `current` on; never back. */
  advance(watermark: Timestamp): void {
    if (watermark > this.current) this.current = watermark;
    this.ahead = this.current < this.#furthest;
  }

  /** What the key has reached. */
  of(key: unknown): Timestamp {
    return this.ahead ? Math.max(this.current, this.#restoredOf(key)) : this.current;
  }

  /** Whether some keys may have passed `time` before the restore, so that `passedBefore` must be asked for each. */
  anyPassedBefore(time: Timestamp): boolean {
    return this.#restored !== undefined && time <= this.#furthest;
  }

  /** Whether the key had passed `time` before the restore. */
  passedBefore(key: unknown, time: Timestamp): boolean {
    return this.#restoredOf(key) >= time;
  }

  #restoredOf(key: unknown): Timestamp {
    const group = keyGroupOf(hashKey(key), this.#store.maxParallelism);
    return this.#restored?.[group - this.#store.keyGroups.start] ?? MIN_WATERMARK;
  }
}
