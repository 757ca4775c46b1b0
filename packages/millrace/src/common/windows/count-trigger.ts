import { MillraceError } from "../errors/millrace-error.ts";
import { reducingState } from "../state/descriptors.ts";
import type { ReducingStateDescriptor } from "../state/state.ts";
import type { Timestamp } from "../time/timestamps.ts";
import { Types } from "../types/types.ts";
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult } from "./trigger.ts";
import type { Window } from "./window.ts";

const COUNT: ReducingStateDescriptor<number> = reducingState((a: number, b: number) => a + b, Types.int, {
  name: "count",
});

/**
 * Fires whenever a window got `maxCount` more records. Contents stay unless it is wrapped in a PurgingTrigger.
 *
 * @example `stream.keyBy(key).window(GlobalWindows.create()).trigger(PurgingTrigger.of(CountTrigger.of(100)))`
 */
export class CountTrigger implements Trigger<unknown> {
  readonly name: string;
  readonly #maxCount: number;

  private constructor(maxCount: number) {
    this.name = `CountTrigger(${maxCount})`;
    this.#maxCount = maxCount;
  }

  /**
   * @param maxCount records, a whole number above 0
   * @throws MillraceError INVALID_ARGUMENT
   * @example `CountTrigger.of(100)`
   */
  static of(maxCount: number): CountTrigger {
    if (!Number.isSafeInteger(maxCount) || maxCount < 1) {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `CountTrigger: the count must be a whole number above 0, got ${maxCount}`,
      );
    }
    return new CountTrigger(maxCount);
  }

  onRecord(_value: unknown, _timestamp: Timestamp, _window: Window, context: TriggerContext): TriggerResult {
    const count = context.getState(COUNT);
    count.add(1);
    if ((count.get() ?? 0) < this.#maxCount) return "continue";
    count.clear();
    return "fire";
  }

  onEventTime(): TriggerResult {
    return "continue";
  }

  onProcessingTime(): TriggerResult {
    return "continue";
  }

  clear(_window: Window, context: TriggerContext): void {
    context.getState(COUNT).clear();
  }

  onMerge(_window: Window, context: OnMergeContext): void {
    context.mergeState(COUNT);
  }
}
