import type { Timestamp } from "millrace/internal/state-backend";

/** One timer, as it waits in memory. */
export interface Timer {
  readonly time: Timestamp;
  /** Grows with each registration: the order of timers of the same time. */
  readonly number: number;
  readonly key: unknown;
  readonly namespace: string;
}

/** Whether `a` fires before (`time`, `number`). */
export function isBefore(a: Timer, time: Timestamp, number: number): boolean {
  return a.time < time || (a.time === time && a.number < number);
}
