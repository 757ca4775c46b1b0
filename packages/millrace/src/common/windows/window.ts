import { NO_TIMESTAMP, type Timestamp } from "../time/timestamps.ts";

/** A span of time, start included, end excluded, ms. Frozen. */
export interface TimeWindow {
  readonly kind: "time";
  readonly start: Timestamp;
  readonly end: Timestamp;
}

/** The one window of GlobalWindows: everything. */
export interface GlobalWindow {
  readonly kind: "global";
}

/** A window: a span of time, or everything. @example `if (window.kind === "time") console.log(window.start)` */
export type Window = TimeWindow | GlobalWindow;

/** The window from `start` to `end`, ms. @example `timeWindow(0, hours(1))` */
export const timeWindow = (start: Timestamp, end: Timestamp): TimeWindow =>
  Object.freeze({ kind: "time", start, end });
/** The one GlobalWindow. */
export const GLOBAL_WINDOW: GlobalWindow = Object.freeze({ kind: "global" });

/** The last timestamp that belongs to the window. */
export const maxTimestamp = (window: Window): Timestamp =>
  window.kind === "time" ? window.end - 1 : Infinity;

/** The timestamp of what a window emits: its last one; the window of everything has no end, and its results no time. */
export const resultTimestamp = (window: Window): Timestamp =>
  window.kind === "time" ? window.end - 1 : NO_TIMESTAMP;

/** Identifies a window in state, timers and maps. */
export const windowKey = (window: Window): string =>
  window.kind === "time" ? `${window.start}:${window.end}` : "*";

/** The start of the window of `size` that holds `timestamp`, windows being aligned to the epoch plus `offset`. All in ms. */
export function windowStart(timestamp: Timestamp, offset: number, size: number): Timestamp {
  const remainder = (timestamp - offset) % size;
  return timestamp - (remainder < 0 ? remainder + size : remainder);
}
