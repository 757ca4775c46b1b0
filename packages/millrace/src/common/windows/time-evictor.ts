import type { Duration } from "../time/durations.ts";
import { NO_TIMESTAMP } from "../time/timestamps.ts";
import { evictorOf, type EvictorOptions } from "./evictor-options.ts";
import type { Evictor } from "./trigger.ts";
import { checkLength } from "./window-arguments.ts";

/**
 * Keeps the records of a window that are less than some time older than its latest one. Records without timestamps all stay.
 *
 * @example `stream.keyBy(key).window(GlobalWindows.create()).trigger(CountTrigger.of(1)).evictor(TimeEvictor.of(minutes(1)))`
 */
export const TimeEvictor = Object.freeze({
  /**
   * @param length ms, whole and above 0
   * @throws MillraceError INVALID_ARGUMENT
   * @example `TimeEvictor.of(minutes(1))`
   */
  of<T>(length: Duration, options: EvictorOptions = {}): Evictor<T> {
    checkLength("TimeEvictor", "length", length);
    return evictorOf<T>(
      `TimeEvictor(${length})`,
      (records) => {
        if (records.length === 0 || records[0]!.timestamp === NO_TIMESTAMP) return records;
        let latest = NO_TIMESTAMP;
        for (const { timestamp } of records) if (timestamp > latest) latest = timestamp;
        return records.filter(({ timestamp }) => timestamp > latest - length);
      },
      options,
    );
  },
});
