import type { Timestamp } from "../../common/time/timestamps.ts";
import type { CapturedEntry, StateMeta } from "./captured-state.ts";
import type { KeyedStateStore, KeyGroupRange } from "./keyed-state.ts";

/**
 * Keyed state as of one moment, to be read while the store goes on changing. The store keeps old images for it, so it is to be
 * released soon.
 *
 * The reader calls `prepare` until it is true, then reads each key group once, then `release`s. Between any two calls (and between
 * two entries) records may be processed; an entry is to be read before that.
 */
export interface KeyedStateCapture {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly states: readonly StateMeta[];
  /** The operator's watermark in a key group. */
  watermark(keyGroup: number): Timestamp;
  /** Sorts up to about `limit` more keys by key group; true when done. */
  prepare(limit: number): boolean;
  /** The entries of a key group, each once. */
  read(keyGroup: number): Iterable<CapturedEntry>;
  release(): void;
}

/** Keyed state as plain data, by key group: what is restored from. */
export interface KeyedStateSnapshot {
  readonly maxParallelism: number;
  readonly states: readonly StateMeta[];
  readonly keyGroups: ReadonlyMap<number, KeyGroupSnapshot>;
}

export interface KeyGroupSnapshot {
  readonly watermark: Timestamp;
  readonly entries: readonly CapturedEntry[];
}

/** A store whose state can be captured and restored in memory. */
export interface CapturableKeyedStore extends KeyedStateStore {
  /** Captures the state as it is now. One capture at a time. */
  capture(): KeyedStateCapture;
  /**
   * Takes over what the snapshots hold of the store's own key groups; called before anything else. Values are copied, so
   * that a snapshot can be restored many times. @throws STATE_MISUSE for another maximum parallelism
   */
  restore(snapshots: readonly KeyedStateSnapshot[]): void;
}
