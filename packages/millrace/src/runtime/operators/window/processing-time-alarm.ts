import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";

/**
 * Calls back once the clock has passed a time: not in its millisecond but after it, when no record can come any more that
 * belongs to it (as a watermark says no more than that). Holds the earliest of the times it was set to.
 */
export class ProcessingTimeAlarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #time: Timestamp = Infinity;
  #timer: ClockTimer | undefined;

  /** @param ring called from the event loop; what was set is forgotten by then */
  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings after `time` has passed, at the latest; at once for times that have passed. */
  set(time: Timestamp): void {
    if (!(time < this.#time)) return;
    this.#timer?.cancel();
    this.#time = time;
    this.#timer = this.#clock.schedule(time + 1 - this.#clock.now(), this.#onTimer);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#time = Infinity;
  }

  readonly #onTimer = (): void => {
    const time = this.#time;
    this.cancel();
    // The wall clock may have been set back, and delays run by another one.
    if (this.#clock.now() <= time) this.set(time);
    else this.#ring();
  };
}
