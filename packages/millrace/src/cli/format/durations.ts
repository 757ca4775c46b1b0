const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A length of time in its two largest units.
 *
 * @param ms - milliseconds; a negative length is shown as 0
 * @example `formatDuration(85_000)` is "1 min 25 s"; others are "850 ms", "12.3 s", "2 h 05 min", "3 d 04 h"
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "-";
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < MINUTE - 50) return `${(ms / SECOND).toFixed(1)} s`;
  // Rounded to the smaller of the two units first, so that it never reads "1 min 60 s".
  if (ms < HOUR - SECOND / 2) return two(Math.round(ms / SECOND), 60, "min", "s");
  if (ms < DAY - MINUTE / 2) return two(Math.round(ms / MINUTE), 60, "h", "min");
  return two(Math.round(ms / HOUR), 24, "d", "h");
}

function two(small: number, perLarge: number, largeUnit: string, smallUnit: string): string {
  const rest = String(small % perLarge).padStart(2, "0");
  return `${Math.floor(small / perLarge)} ${largeUnit} ${rest} ${smallUnit}`;
}
