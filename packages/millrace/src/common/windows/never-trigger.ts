import type { Trigger, TriggerResult } from "./trigger.ts";

/**
 * Never fires: the default of GlobalWindows.
 *
 * @example `stream.keyBy(key).window(windows).trigger(NeverTrigger.create())`
 */
export class NeverTrigger implements Trigger<unknown> {
  static readonly #instance = new NeverTrigger();
  readonly name = "NeverTrigger";

  private constructor() {
    // One object serves all windows: it has no settings.
  }

  /** The trigger; it has no settings. @example `NeverTrigger.create()` */
  static create(): NeverTrigger {
    return NeverTrigger.#instance;
  }

  onRecord(): TriggerResult {
    return "continue";
  }

  onEventTime(): TriggerResult {
    return "continue";
  }

  onProcessingTime(): TriggerResult {
    return "continue";
  }

  clear(): void {
    // Nothing was set.
  }

  onMerge(): void {
    // Nothing was set.
  }
}
