import type { Clock, ClockTimer } from "../../common/clock/clock.ts";

/** How much of a second may be caught up in one go after a pause. */
const BURST_SECONDS = 0.1;

/**
 * A token bucket on the injected clock: `rate` tokens a second come in, at most a tenth of a second's worth (and at least one)
 * is kept. The first token comes `delay` ms after the start.
 *
 * The caller asks for `available()`, spends at most that many by `spend`, and when it has none left calls `wait`.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #tokensPerMs: number;
  readonly #burst: number;
  readonly #wakeUp: () => void;
  #tokens: number;
  #at: number;
  #timer: ClockTimer | undefined;

  /**
   * @param rate tokens a second, above 0
   * @param delay ms until the first token, at least 0
   * @param wakeUp called when `wait` is over
   */
  constructor(clock: Clock, rate: number, delay: number, wakeUp: () => void) {
    this.#clock = clock;
    this.#tokensPerMs = rate / 1000;
    this.#burst = Math.max(1, rate * BURST_SECONDS);
    this.#wakeUp = wakeUp;
    this.#at = clock.monotonic();
    this.#tokens = 1 - delay * this.#tokensPerMs;
  }

  /** How many tokens there are now, whole ones. Reads the clock. */
  available(): number {
    const now = this.#clock.monotonic();
    const tokens = this.#tokens + (now - this.#at) * this.#tokensPerMs;
    this.#tokens = Math.min(tokens, this.#burst);
    this.#at = now;
    // Sums of fractions end a hair below a whole number.
    return Math.max(0, Math.floor(this.#tokens + 1e-6));
  }

  spend(count: number): void {
    this.#tokens -= count;
  }

  /** Wakes the caller when there is a token again; one timer at a time. */
  wait(): void {
    if (this.#timer !== undefined) return;
    const delay = Math.max(1, (1 - this.#tokens) / this.#tokensPerMs);
    this.#timer = this.#clock.schedule(delay, () => {
      this.#timer = undefined;
      this.#wakeUp();
    });
  }

  /** Forgets a wait. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
