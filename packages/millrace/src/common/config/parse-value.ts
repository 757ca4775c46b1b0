import type { Duration } from "../time/durations.ts";

/** Milliseconds in each unit of time. */
const TIME_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  days: 86_400_000,
};

/** Bytes in each unit of memory, which are powers of 1024. */
const MEMORY_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  k: 1024,
  kb: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
  tib: 1024 ** 4,
};

/**
 * A length of time: a number with a unit, "5 s", "100ms", "1.5 h". A bare number is milliseconds. Undefined where the text is
 * none.
 */
export const parseDuration = (text: string): Duration | undefined => parseQuantity(text, TIME_UNITS);

/** A number of bytes: "32 kb", "4 MiB", "1024". Units are powers of 1024. Undefined where the text is none. */
export function parseMemory(text: string): number | undefined {
  const bytes = parseQuantity(text, MEMORY_UNITS);
  return bytes === undefined ? undefined : Math.round(bytes);
}

/** A whole number. Undefined where the text is none. */
export function parseInteger(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?\d[\d_]*$/u.test(trimmed)) return undefined;
  const value = Number(trimmed.replaceAll("_", ""));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A number. Undefined where the text is none. */
export function parseNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/iu.test(trimmed)) return undefined;
  const value = Number(trimmed.replaceAll("_", ""));
  return Number.isFinite(value) ? value : undefined;
}

/** true, false, yes, no, on, off, 1, 0. Undefined where the text is none of them. */
export function parseBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (["true", "yes", "on", "1"].includes(word)) return true;
  if (["false", "no", "off", "0"].includes(word)) return false;
  return undefined;
}

/** A duration as people write it: "100 ms", "5 s", "2 h". */
export const formatDuration = (ms: Duration): string =>
  format(ms, [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
    ["ms", 1],
  ]);

/** A number of bytes as people write it: "32 kb", "4 mb". */
export const formatMemory = (bytes: number): string =>
  format(bytes, [
    ["gb", 1024 ** 3],
    ["mb", 1024 ** 2],
    ["kb", 1024],
    ["b", 1],
  ]);

function format(value: number, units: readonly (readonly [string, number])[]): string {
  const [unit, size] = units.find(([, size]) => value >= size && value % size === 0) ?? units.at(-1)!;
  return `${value / size} ${unit}`;
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^\s*(\d[\d_]*(?:\.\d+)?)\s*([a-zµ]*)\s*$/iu.exec(text);
  if (match === null) return undefined;
  const unit = match[2]!.toLowerCase().replace("µ", "u");
  const size = unit === "" ? 1 : Object.hasOwn(units, unit) ? units[unit]! : undefined;
  return size === undefined ? undefined : Number(match[1]!.replaceAll("_", "")) * size;
}
