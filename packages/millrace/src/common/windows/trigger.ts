import type { StateDescriptor, StateHandle } from "../state/state.ts";
import type { Timestamp } from "../time/timestamps.ts";
import type { Window } from "./window.ts";

/** What to do with a window after an event. Purging drops its contents, not its triggers. */
export type TriggerResult = "continue" | "fire" | "purge" | "fireAndPurge";

/** What a trigger may use; everything is of the current key and window. */
export interface TriggerContext {
  currentWatermark(): Timestamp;
  currentProcessingTime(): Timestamp;
  registerEventTimeTimer(time: Timestamp): void;
  registerProcessingTimeTimer(time: Timestamp): void;
  deleteEventTimeTimer(time: Timestamp): void;
  deleteProcessingTimeTimer(time: Timestamp): void;
  /** The trigger's own state; descriptors need names. */
  getState<D extends StateDescriptor>(descriptor: D): StateHandle<D>;
}

/** In `onMerge`: joins states of the merged windows into the new one's. */
export interface OnMergeContext extends TriggerContext {
  /** Merges reducing, aggregating and list states; a value state can't be merged. */
  mergeState(descriptor: StateDescriptor): void;
}

/**
 * Decides when a window's result is computed. Holds no state of its own: what it must remember is in `getState`.
 * One object serves all keys and windows of a subtask.
 */
export interface Trigger<T, W extends Window = Window> {
  /** For the plan, e.g. "EventTimeTrigger". The built-in event and processing time triggers are known by theirs. */
  readonly name: string;
  onRecord(value: T, timestamp: Timestamp, window: W, context: TriggerContext): TriggerResult;
  onEventTime(time: Timestamp, window: W, context: TriggerContext): TriggerResult;
  onProcessingTime(time: Timestamp, window: W, context: TriggerContext): TriggerResult;
  /** Removes timers and state that it set for the window. */
  clear(window: W, context: TriggerContext): void;
  /** Needed for session windows: called after windows were merged into `window`. */
  onMerge?(window: W, context: OnMergeContext): void;
}

/** A record and its timestamp. */
export interface TimestampedValue<T> {
  readonly value: T;
  readonly timestamp: Timestamp;
}

/** Removes records from a window before or after its function sees them. Answers those that stay, in order. */
export interface Evictor<T, W extends Window = Window> {
  readonly name: string;
  evictBefore?(
    records: readonly TimestampedValue<T>[],
    window: W,
    context: { currentWatermark(): Timestamp; currentProcessingTime(): Timestamp },
  ): readonly TimestampedValue<T>[];
  evictAfter?(
    records: readonly TimestampedValue<T>[],
    window: W,
    context: { currentWatermark(): Timestamp; currentProcessingTime(): Timestamp },
  ): readonly TimestampedValue<T>[];
}
