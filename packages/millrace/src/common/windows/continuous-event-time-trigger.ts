import { reducingState } from "../state/descriptors.ts";
import type { ReducingStateDescriptor } from "../state/state.ts";
import type { Duration } from "../time/durations.ts";
import type { Timestamp } from "../time/timestamps.ts";
import { Types } from "../types/types.ts";
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult } from "./trigger.ts";
import { checkLength } from "./window-arguments.ts";
import { maxTimestamp, windowStart, type Window } from "./window.ts";

/** When the window fires next. Of merged windows the earliest counts. */
const NEXT_FIRE: ReducingStateDescriptor<Timestamp> = reducingState(Math.min, Types.timestamp, {
  name: "fire-time",
});

/**
 * Fires every `interval` of event time while a window is open, and at its end: early results of long windows.
 *
 * @example `stream.keyBy(key).window(TumblingEventTimeWindows.of(days(1))).trigger(ContinuousEventTimeTrigger.of(hours(1)))`
 */
export class ContinuousEventTimeTrigger implements Trigger<unknown> {
  readonly name: string;
  readonly #interval: Duration;

  private constructor(interval: Duration) {
    this.name = `ContinuousEventTimeTrigger(${interval})`;
    this.#interval = interval;
  }

  /**
   * @param interval ms, whole and above 0; firings are aligned to its multiples
   * @throws MillraceError INVALID_ARGUMENT
   * @example `ContinuousEventTimeTrigger.of(minutes(1))`
   */
  static of(interval: Duration): ContinuousEventTimeTrigger {
    return new ContinuousEventTimeTrigger(checkLength("ContinuousEventTimeTrigger", "interval", interval));
  }

  onRecord(_value: unknown, timestamp: Timestamp, window: Window, context: TriggerContext): TriggerResult {
    if (maxTimestamp(window) <= context.currentWatermark()) return "fire";
    context.registerEventTimeTimer(maxTimestamp(window));
    if (context.getState(NEXT_FIRE).get() === undefined) {
      this.#fireAfter(windowStart(timestamp, 0, this.#interval), window, context);
    }
    return "continue";
  }

  onEventTime(time: Timestamp, window: Window, context: TriggerContext): TriggerResult {
    if (time === maxTimestamp(window)) return "fire";
    const next = context.getState(NEXT_FIRE);
    if (next.get() !== time) return "continue";
    next.clear();
    this.#fireAfter(time, window, context);
    return "fire";
  }

  onProcessingTime(): TriggerResult {
    return "continue";
  }

  clear(window: Window, context: TriggerContext): void {
    context.deleteEventTimeTimer(maxTimestamp(window));
    const next = context.getState(NEXT_FIRE);
    const time = next.get();
    if (time === undefined) return;
    context.deleteEventTimeTimer(time);
    next.clear();
  }

  onMerge(_window: Window, context: OnMergeContext): void {
    context.mergeState(NEXT_FIRE);
    const time = context.getState(NEXT_FIRE).get();
    if (time !== undefined) context.registerEventTimeTimer(time);
  }

  #fireAfter(time: Timestamp, window: Window, context: TriggerContext): void {
    const next = Math.min(time + this.#interval, maxTimestamp(window));
    context.getState(NEXT_FIRE).add(next);
    context.registerEventTimeTimer(next);
  }
}
