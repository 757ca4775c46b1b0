import type { Timestamp } from "../time/timestamps.ts";
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult } from "./trigger.ts";
import { maxTimestamp, type Window } from "./window.ts";

/**
 * Fires when the watermark passes the end of the window, and again at once for each late record that is still allowed.
 * The default of event-time windows.
 *
 * @example `stream.keyBy(key).window(windows).trigger(PurgingTrigger.of(EventTimeTrigger.create()))`
 */
export class EventTimeTrigger implements Trigger<unknown> {
  static readonly #instance = new EventTimeTrigger();
  readonly name = "EventTimeTrigger";

  private constructor() {
    // One object serves all windows: it has no settings.
  }

  /** The trigger; it has no settings. @example `EventTimeTrigger.create()` */
  static create(): EventTimeTrigger {
    return EventTimeTrigger.#instance;
  }

  onRecord(_value: unknown, _timestamp: Timestamp, window: Window, context: TriggerContext): TriggerResult {
    if (maxTimestamp(window) <= context.currentWatermark()) return "fire";
    context.registerEventTimeTimer(maxTimestamp(window));
    return "continue";
  }

  onEventTime(time: Timestamp, window: Window): TriggerResult {
    return time === maxTimestamp(window) ? "fire" : "continue";
  }

  onProcessingTime(): TriggerResult {
    return "continue";
  }

  clear(window: Window, context: TriggerContext): void {
    context.deleteEventTimeTimer(maxTimestamp(window));
  }

  onMerge(window: Window, context: OnMergeContext): void {
    if (maxTimestamp(window) > context.currentWatermark())
      context.registerEventTimeTimer(maxTimestamp(window));
  }
}
