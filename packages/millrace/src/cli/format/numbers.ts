/** Units of a thousand each, from none upwards. */
const UNITS = ["", " k", " M", " G", " T"] as const;

/** A whole number with its thousands apart. @example `formatCount(3000000)` is "3,000,000" */
export function formatCount(n: number): string {
  if (!Number.isFinite(n)) return "-";
  const digits = String(Math.round(Math.abs(n)));
  return `${n < 0 && digits !== "0" ? "-" : ""}${digits.replace(/\B(?=(?:\d{3})+$)/gu, ",")}`;
}

/** A number in three digits and a unit. @example `formatCompact(1234567)` is "1.23 M", `formatCompact(999)` is "999" */
export function formatCompact(n: number): string {
  if (!Number.isFinite(n)) return "-";
  if (n < 0) return `-${formatCompact(-n)}`;
  let value = n;
  let unit = 0;
  while (rounded(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  // Without a unit it is a count, which has no fraction, unless it is small enough for the fraction to matter.
  const text = unit === 0 && value >= 10 ? String(Math.round(value)) : threeDigits(value);
  return `${unit === 0 ? text.replace(/\.0+$/u, "") : text}${UNITS[unit]}`;
}

/** Records a second. @example `formatRate(245_000)` is "245 k/s" */
export function formatRate(perSecond: number): string {
  return `${formatCompact(perSecond)}/s`;
}

/** A share of a whole, without fraction. @example `formatPercent(0.984)` is "98%" */
export function formatPercent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%` : "-";
}

/** As `threeDigits` will show it, so that 999.6 becomes a thousand of the next unit rather than "1000". */
function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : value;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** A count with what is counted. @example `countOf(1, "restart")` is "1 restart", `countOf(1200, "file")` is "1,200 files" */
export function countOf(n: number, thing: string, things = `${thing}s`): string {
  return `${formatCount(n)} ${n === 1 ? thing : things}`;
}

/** Units of 1024 each. */
const SIZES = ["B", "kB", "MB", "GB", "TB"] as const;

/** A size in three digits and a unit of 1024s. @example `formatBytes(1536)` is "1.50 kB", `formatBytes(12)` is "12 B" */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "-";
  let value = Math.max(0, bytes);
  let unit = 0;
  while (rounded(value) >= 1024 && unit < SIZES.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? String(Math.round(value)) : threeDigits(value)} ${SIZES[unit]}`;
}
