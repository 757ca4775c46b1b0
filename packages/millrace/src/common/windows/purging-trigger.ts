import type { Timestamp } from "../time/timestamps.ts";
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult } from "./trigger.ts";
import type { Window } from "./window.ts";

/**
 * Makes another trigger drop the window's contents whenever it fires.
 *
 * @example `stream.keyBy(key).window(GlobalWindows.create()).trigger(PurgingTrigger.of(CountTrigger.of(100)))`
 */
export class PurgingTrigger<T, W extends Window> implements Trigger<T, W> {
  readonly name: string;
  readonly #nested: Trigger<T, W>;
  /** Absent where the nested trigger can't merge. */
  declare readonly onMerge?: (window: W, context: OnMergeContext) => void;

  private constructor(nested: Trigger<T, W>) {
    this.name = `PurgingTrigger(${nested.name})`;
    this.#nested = nested;
    if (nested.onMerge !== undefined) this.onMerge = (window, context) => nested.onMerge?.(window, context);
  }

  /**
   * @param nested the trigger that decides when
   * @example `PurgingTrigger.of(CountTrigger.of(100))`
   */
  static of<T, W extends Window>(nested: Trigger<T, W>): PurgingTrigger<T, W> {
    return new PurgingTrigger(nested);
  }

  onRecord(value: T, timestamp: Timestamp, window: W, context: TriggerContext): TriggerResult {
    return purging(this.#nested.onRecord(value, timestamp, window, context));
  }

  onEventTime(time: Timestamp, window: W, context: TriggerContext): TriggerResult {
    return purging(this.#nested.onEventTime(time, window, context));
  }

  onProcessingTime(time: Timestamp, window: W, context: TriggerContext): TriggerResult {
    return purging(this.#nested.onProcessingTime(time, window, context));
  }

  clear(window: W, context: TriggerContext): void {
    this.#nested.clear(window, context);
  }
}

const purging = (result: TriggerResult): TriggerResult => (result === "fire" ? "fireAndPurge" : result);
