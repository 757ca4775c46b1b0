import type { Clock, ClockTimer } from "../../../common/clock/clock.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";

/** Calls back when processing time has come to the earliest of the times it was set to. */
export class ProcessingTimeDriver {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #time: Timestamp = Infinity;
  #timer: ClockTimer | undefined;

  /** @param onDue called from the event loop; what was set is forgotten by then */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Calls back at `time`, or as soon as possible after it; Infinity is never. */
  set(time: Timestamp): void {
    if (!(time < this.#time)) return;
    this.#timer?.cancel();
    this.#time = time;
    this.#timer = this.#clock.schedule(time - this.#clock.now(), () => this.#onTimer());
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#time = Infinity;
  }

  #onTimer(): void {
    const time = this.#time;
    this.cancel();
    // Delays run by another clock than the one that tells the time, which may be set back besides.
    if (this.#clock.now() < time) this.set(time);
    else this.#onDue();
  }
}
