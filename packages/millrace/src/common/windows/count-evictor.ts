import { MillraceError } from "../errors/millrace-error.ts";
import { evictorOf, type EvictorOptions } from "./evictor-options.ts";
import type { Evictor } from "./trigger.ts";

/**
 * Keeps the last records of a window.
 *
 * @example `stream.keyBy(key).window(GlobalWindows.create()).trigger(CountTrigger.of(1)).evictor(CountEvictor.of(10))`
 */
export const CountEvictor = Object.freeze({
  /**
   * @param maxCount how many records stay, a whole number, 0 or more
   * @throws MillraceError INVALID_ARGUMENT
   * @example `CountEvictor.of(10)`
   */
  of<T>(maxCount: number, options: EvictorOptions = {}): Evictor<T> {
    if (!Number.isSafeInteger(maxCount) || maxCount < 0) {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `CountEvictor: the count must be a whole number, 0 or more, got ${maxCount}`,
      );
    }
    return evictorOf<T>(
      `CountEvictor(${maxCount})`,
      (records) => (records.length <= maxCount ? records : records.slice(records.length - maxCount)),
      options,
    );
  },
});
