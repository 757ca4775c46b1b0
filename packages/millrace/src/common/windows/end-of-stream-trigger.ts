import { MAX_WATERMARK, type Timestamp } from "../time/timestamps.ts";
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult } from "./trigger.ts";
import type { Window } from "./window.ts";

/**
 * Fires once, when the bounded input has ended.
 *
 * @example `stream.keyBy(key).window(GlobalWindows.create()).trigger(EndOfStreamTrigger.create())`
 */
export class EndOfStreamTrigger implements Trigger<unknown> {
  static readonly #instance = new EndOfStreamTrigger();
  readonly name = "EndOfStreamTrigger";

  private constructor() {
    // One object serves all windows: it has no settings.
  }

  /** The trigger; it has no settings. @example `EndOfStreamTrigger.create()` */
  static create(): EndOfStreamTrigger {
    return EndOfStreamTrigger.#instance;
  }

  onRecord(_value: unknown, _timestamp: Timestamp, _window: Window, context: TriggerContext): TriggerResult {
    context.registerEventTimeTimer(MAX_WATERMARK);
    return "continue";
  }

  onEventTime(time: Timestamp): TriggerResult {
    return time === MAX_WATERMARK ? "fire" : "continue";
  }

  onProcessingTime(): TriggerResult {
    return "continue";
  }

  clear(_window: Window, context: TriggerContext): void {
    context.deleteEventTimeTimer(MAX_WATERMARK);
  }

  onMerge(_window: Window, context: OnMergeContext): void {
    context.registerEventTimeTimer(MAX_WATERMARK);
  }
}
