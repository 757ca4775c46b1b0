import type { Timestamp } from "../../common/time/timestamps.ts";
import { formatDuration } from "./durations.ts";

/** Years that a Date can hold, in ms on both sides of 1970. */
const DATE_RANGE = 8.64e15;
/** A watermark further behind than this belongs to historic data, whose distance from now tells nobody anything; ms. */
const MAX_LAG = 24 * 3_600_000;
/** A watermark may be this far ahead of the machine's clock and still mean now; ms. */
const MAX_LEAD = 60_000;

/** A point in time, UTC, to the second. @example `formatTime(0)` is "1970-01-01 00:00:00" */
export function formatTime(timestamp: Timestamp): string {
  if (!(Math.abs(timestamp) <= DATE_RANGE)) return "-";
  return new Date(timestamp)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/u, "");
}

/** The time of day for log lines, UTC. @example "14:09:03" */
export function formatTimeOfDay(timestamp: Timestamp): string {
  return formatTime(timestamp).slice(-8);
}

/**
 * Where event time stands: how far behind now for live data, the date for historic data.
 *
 * @returns undefined where there is nothing to say: no watermark yet, or none to come
 * @example "3.2 s behind", "2001-03-04 05:06:07"
 */
export function formatWatermark(watermark: Timestamp, now: Timestamp): string | undefined {
  if (!(Math.abs(watermark) <= DATE_RANGE)) return undefined;
  const lag = now - watermark;
  if (lag > MAX_LAG || lag < -MAX_LEAD) return formatTime(watermark);
  return lag <= 0 ? "up to now" : `${formatDuration(lag)} behind`;
}
