/** A timer that was set on a Clock. */
export interface ClockTimer {
  /** Prevents the call if it didn't happen yet; safe to call twice. */
  cancel(): void;
}

/**
 * All knowledge of time in the engine. Real ones read the machine's clocks; manual ones move when told.
 * Nothing else in the engine reads time or sets timers.
 */
export interface Clock {
  /** Wall-clock time, ms since the epoch. May jump. */
  now(): number;
  /** Monotonic time in ms with fractions, for measuring durations; its zero is arbitrary. */
  monotonic(): number;
  /** Calls `callback` once, from the event loop, not before `delay` ms have passed. */
  schedule(delay: number, callback: () => void): ClockTimer;
  /** Calls `callback` from the event loop after pending I/O had its turn. */
  yield(callback: () => void): void;
}
