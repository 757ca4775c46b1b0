import type { Timestamp } from "../time/timestamps.ts";
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult } from "./trigger.ts";
import { maxTimestamp, type Window } from "./window.ts";

/**
 * Fires when processing time passes the end of the window. The default of processing-time windows.
 *
 * @example `stream.keyBy(key).window(windows).trigger(ProcessingTimeTrigger.create())`
 */
export class ProcessingTimeTrigger implements Trigger<unknown> {
  static readonly #instance = new ProcessingTimeTrigger();
  readonly name = "ProcessingTimeTrigger";

  private constructor() {
    // One object serves all windows: it has no settings.
  }

  /** The trigger; it has no settings. @example `ProcessingTimeTrigger.create()` */
  static create(): ProcessingTimeTrigger {
    return ProcessingTimeTrigger.#instance;
  }

  onRecord(_value: unknown, _timestamp: Timestamp, window: Window, context: TriggerContext): TriggerResult {
    context.registerProcessingTimeTimer(maxTimestamp(window));
    return "continue";
  }

  onEventTime(): TriggerResult {
    return "continue";
  }

  onProcessingTime(): TriggerResult {
    return "fire";
  }

  clear(window: Window, context: TriggerContext): void {
    context.deleteProcessingTimeTimer(maxTimestamp(window));
  }

  onMerge(window: Window, context: OnMergeContext): void {
    if (maxTimestamp(window) > context.currentProcessingTime()) {
      context.registerProcessingTimeTimer(maxTimestamp(window));
    }
  }
}
