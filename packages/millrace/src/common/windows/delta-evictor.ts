import { MillraceError } from "../errors/millrace-error.ts";
import { evictorOf, type EvictorOptions } from "./evictor-options.ts";
import type { Evictor } from "./trigger.ts";

/**
 * Drops the records of a window that are too far from its last one.
 *
 * @example `cars.keyBy((c) => c.id).window(windows).evictor(DeltaEvictor.of(50, (car, last) => last.meters - car.meters))`
 */
export const DeltaEvictor = Object.freeze({
  /**
   * @param threshold records at this distance or above are dropped
   * @param delta how far a record is from the last one
   * @throws MillraceError INVALID_ARGUMENT when the threshold is no number
   * @example `DeltaEvictor.of(50, (car, last) => last.meters - car.meters)`
   */
  of<T>(threshold: number, delta: (value: T, last: T) => number, options: EvictorOptions = {}): Evictor<T> {
    if (typeof threshold !== "number" || Number.isNaN(threshold)) {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `DeltaEvictor: the threshold must be a number, got ${String(threshold)}`,
      );
    }
    return evictorOf<T>(
      `DeltaEvictor(${threshold})`,
      (records) => {
        const last = records.at(-1);
        return last === undefined
          ? records
          : records.filter(({ value }) => !(delta(value, last.value) >= threshold));
      },
      options,
    );
  },
});
