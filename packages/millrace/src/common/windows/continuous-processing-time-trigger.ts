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
 * Fires every `interval` of processing time while a window has contents, whatever its event time: for results to look at
 * while they grow.
 *
 * @example `stream.keyBy(key).window(windows).trigger(ContinuousProcessingTimeTrigger.of(seconds(10)))`
 */
export class ContinuousProcessingTimeTrigger implements Trigger<unknown> {
  readonly name: string;
  readonly #interval: Duration;

  private constructor(interval: Duration) {
    this.name = `ContinuousProcessingTimeTrigger(${interval})`;
    this.#interval = interval;
  }

  /**
   * @param interval ms, whole and above 0; firings are aligned to its multiples
   * @throws MillraceError INVALID_ARGUMENT
   * @example `ContinuousProcessingTimeTrigger.of(seconds(10))`
   */
  static of(interval: Duration): ContinuousProcessingTimeTrigger {
    return new ContinuousProcessingTimeTrigger(
      checkLength("ContinuousProcessingTimeTrigger", "interval", interval),
    );
  }

  onRecord(_value: unknown, _timestamp: Timestamp, window: Window, context: TriggerContext): TriggerResult {
    if (context.getState(NEXT_FIRE).get() === undefined) {
      this.#fireAfter(windowStart(context.currentProcessingTime(), 0, this.#interval), window, context);
    }
    return "continue";
  }

  onEventTime(): TriggerResult {
    return "continue";
  }

  onProcessingTime(time: Timestamp, window: Window, context: TriggerContext): TriggerResult {
    const next = context.getState(NEXT_FIRE);
    if (next.get() !== time) return "continue";
    next.clear();
    this.#fireAfter(time, window, context);
    return "fire";
  }

  clear(_window: Window, context: TriggerContext): void {
    const next = context.getState(NEXT_FIRE);
    const time = next.get();
    if (time === undefined) return;
    context.deleteProcessingTimeTimer(time);
    next.clear();
  }

  onMerge(_window: Window, context: OnMergeContext): void {
    context.mergeState(NEXT_FIRE);
    const time = context.getState(NEXT_FIRE).get();
    if (time !== undefined) context.registerProcessingTimeTimer(time);
  }

  #fireAfter(time: Timestamp, window: Window, context: TriggerContext): void {
    const end = maxTimestamp(window);
    // Over past event time the window's end lies before now: a timer there would fire again and again.
    const next = time < end ? Math.min(time + this.#interval, end) : time + this.#interval;
    context.getState(NEXT_FIRE).add(next);
    context.registerProcessingTimeTimer(next);
  }
}
