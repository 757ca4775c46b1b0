import type { Clock, ClockTimer } from "./clock.ts";

/** Longest delay that the host's timers keep; longer ones are set again. */
const MAX_DELAY = 2_147_483_647;

/** The machine's clocks and the event loop's timers. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  schedule(delay: number, callback: () => void): ClockTimer {
    let remaining = Math.max(0, delay);
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const step = Math.min(remaining, MAX_DELAY);
      remaining -= step;
      handle = setTimeout(() => (remaining > 0 ? arm() : callback()), step);
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  }

  yield(callback: () => void): void {
    setImmediate(callback);
  }
}
