import { MillraceError } from "../errors/millrace-error.ts";
import { valueState } from "../state/descriptors.ts";
import type { ReadonlyState, ValueStateDescriptor } from "../state/state.ts";
import type { Timestamp } from "../time/timestamps.ts";
import type { TypeLike } from "../types/type-like.ts";
import type { Trigger, TriggerContext, TriggerResult } from "./trigger.ts";
import type { Window } from "./window.ts";

/** How far a record is from an earlier one. */
export type DeltaFunction<T> = (earlier: ReadonlyState<T>, value: T) => number;

/**
 * Fires when a record is more than `threshold` away from the record of the last firing (or from the first record). It can't
 * merge, so it does not fit session windows.
 *
 * @example
 * ```ts
 * cars.keyBy((c) => c.id).window(GlobalWindows.create())
 *   .trigger(DeltaTrigger.of(50, (earlier, car) => car.meters - earlier.meters))
 * ```
 */
export class DeltaTrigger<T> implements Trigger<T> {
  readonly name: string;
  readonly #threshold: number;
  readonly #delta: DeltaFunction<T>;
  readonly #last: ValueStateDescriptor<T>;

  private constructor(threshold: number, delta: DeltaFunction<T>, last: ValueStateDescriptor<T>) {
    this.name = `DeltaTrigger(${threshold})`;
    this.#threshold = threshold;
    this.#delta = delta;
    this.#last = last;
  }

  /**
   * @param threshold a distance above it fires
   * @param delta how far a record is from the remembered one
   * @param type the records' type, for the remembered one
   * @throws MillraceError INVALID_ARGUMENT when the threshold is no number
   * @example `DeltaTrigger.of(50, (earlier, car) => car.meters - earlier.meters, Car)`
   */
  static of<T>(threshold: number, delta: DeltaFunction<T>, type?: TypeLike<T>): DeltaTrigger<T> {
    if (typeof threshold !== "number" || Number.isNaN(threshold)) {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `DeltaTrigger: the threshold must be a number, got ${String(threshold)}`,
      );
    }
    return new DeltaTrigger(threshold, delta, valueState(type, { name: "last-element" }));
  }

  onRecord(value: T, _timestamp: Timestamp, _window: Window, context: TriggerContext): TriggerResult {
    const last = context.getState(this.#last);
    const earlier = last.value();
    if (earlier === undefined) {
      last.update(value);
      return "continue";
    }
    if (!(this.#delta(earlier, value) > this.#threshold)) return "continue";
    last.update(value);
    return "fire";
  }

  onEventTime(): TriggerResult {
    return "continue";
  }

  onProcessingTime(): TriggerResult {
    return "continue";
  }

  clear(_window: Window, context: TriggerContext): void {
    context.getState(this.#last).clear();
  }
}
