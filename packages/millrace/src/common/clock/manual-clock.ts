import { MillraceError } from "../errors/millrace-error.ts";
import type { Clock, ClockTimer } from "./clock.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until it is told to move: for tests and simulation. Timers fire in the order of
 * their times, then of their setting, inside `advance`. Yields still go through the event loop, so that
 * a task waiting for one goes on while time stands.
 */
export class ManualClock implements Clock {
  #now: number;
  #order = 0;
  #pending: Pending[] = [];

  /** @param start the first time it tells, ms since the epoch; default 0 */
  constructor(start = 0) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  schedule(delay: number, callback: () => void): ClockTimer {
    const entry: Pending = { at: this.#now + Math.max(0, delay), order: this.#order++, callback };
    this.#pending.push(entry);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== entry);
      },
    };
  }

  yield(callback: () => void): void {
    setImmediate(callback);
  }

  /** When the next timer is due; Infinity where none is set. */
  get nextTimer(): number {
    return this.#pending.reduce((next, { at }) => Math.min(next, at), Infinity);
  }

  /** Moves time forward by `ms` and fires what becomes due, in order. */
  advance(ms: number): void {
    this.advanceTo(this.#now + ms);
  }

  /** Moves time forward to `time` (ms) and fires what becomes due, in order. */
  advanceTo(time: number): void {
    if (time < this.#now) {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `a clock can't go back: it stands at ${this.#now}, asked for ${time}`,
      );
    }
    for (let next = this.#nextDue(time); next !== undefined; next = this.#nextDue(time)) {
      this.#pending = this.#pending.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = time;
  }

  #nextDue(time: number): Pending | undefined {
    let best: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.at > time) continue;
      if (best === undefined || entry.at < best.at || (entry.at === best.at && entry.order < best.order))
        best = entry;
    }
    return best;
  }
}
