/** `2001-12-31`, `2001-12-31T23:59`, `2001-12-31 23:59:59.123456Z`, `...+02:00`, `...+0200`, `...+02`. */
const ISO =
  /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/u;

/**
 * Reads a date, or date and time, in ISO 8601 form; a space may stand for the T. Without a zone it is UTC, whatever the
 * machine's own zone is. Digits of the second beyond the third become a fraction of a millisecond.
 *
 * @returns ms since the epoch, or undefined where the text is no such time
 */
export function parseIsoTimestamp(text: string): number | undefined {
  const plain = plainUtc(text);
  if (plain !== undefined) return plain;
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = match;
  const ms = utc(+year!, +month!, +day!, +hour, +minute, +second);
  if (ms === undefined) return undefined;
  const offset = zoneOffset(zone);
  if (offset === undefined) return undefined;
  return ms + (fraction === "" ? 0 : +`0.${fraction}` * 1000) - offset;
}

/** The commonest form, `YYYY-MM-DD` or `YYYY-MM-DD?hh:mm:ss` with or without Z, without a regular expression. */
function plainUtc(text: string): number | undefined {
  const length = text.length;
  if (length !== 10 && length !== 19 && length !== 20) return undefined;
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return undefined;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  if (length === 10) return utc(year, month, day, 0, 0, 0);
  const separator = text.charCodeAt(10);
  if (separator !== 84 && separator !== 32) return undefined;
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return undefined;
  if (length === 20 && text.charCodeAt(19) !== 90) return undefined;
  return utc(year, month, day, digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2));
}

/** The number in `length` digits; NaN where they are none. */
function digits(text: string, start: number, length: number): number {
  let n = 0;
  for (let i = start; i < start + length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return NaN;
    n = n * 10 + digit;
  }
  return n;
}

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const DAY = 86_400_000;
/** The greatest time that a Date holds, either way. */
const MAX_TIME = 8.64e15;

function utc(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  const valid =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    (day <= DAYS_IN_MONTH[month - 1]! || (day === 29 && month === 2 && isLeap(year))) &&
    (hour < 24 || (hour === 24 && minute === 0 && second === 0)) &&
    minute < 60 &&
    second < 60;
  // A NaN among them fails one of the comparisons.
  if (!valid) return undefined;
  const ms = daysBefore(year, month, day) * DAY + (hour * 3600 + minute * 60 + second) * 1000;
  return Math.abs(ms) <= MAX_TIME ? ms : undefined;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Days from 1970-01-01 to a day of the Gregorian calendar. Years are taken to begin in March, so that leap days end them. */
function daysBefore(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const m = month <= 2 ? month + 9 : month - 3;
  const leaps = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return y * 365 + leaps + Math.floor((153 * m + 2) / 5) + day - 719_469;
}

/** A zone's offset from UTC, ms. */
function zoneOffset(zone: string): number | undefined {
  if (zone === "Z") return 0;
  const hours = +zone.slice(1, 3);
  const minutes = zone.length > 3 ? +zone.slice(-2) : 0;
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
