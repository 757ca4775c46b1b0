import { MillraceError } from "../errors/millrace-error.ts";
import type { Duration } from "../time/durations.ts";
import type { Timestamp } from "../time/timestamps.ts";

/** Refuses what is no length of a window: it must be a whole number of milliseconds above 0. */
export function checkLength(where: string, what: string, value: Duration): Duration {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `${where}: the ${what} must be a whole number of milliseconds above 0, got ${String(value)}`,
    { help: `Use the helpers, e.g. minutes(5).` },
  );
}

/** Refuses an offset that is not a whole number of milliseconds between -limit and limit, both excluded. */
export function checkOffset(where: string, value: Duration, limit: Duration): Duration {
  if (Number.isSafeInteger(value) && Math.abs(value) < limit) return value;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `${where}: the offset must be a whole number of milliseconds and shorter than ${limit}, got ${String(value)}`,
  );
}

/** Refuses a record without event time where a window needs one. */
export function checkTimestamp(where: string, timestamp: Timestamp): void {
  if (timestamp !== -Infinity) return;
  throw new MillraceError(
    "INVALID_GRAPH",
    `${where} needs event time, but a record came without a timestamp`,
    {
      help: "Give the source a WatermarkStrategy with .withTimestamps(...), or use processing-time windows.",
    },
  );
}
