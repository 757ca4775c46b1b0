import type { Clock } from "../../common/clock/clock.ts";

/** Where a task's time went, measured at the edges of its slices. */
export class Stopwatch {
  readonly #clock: Clock;
  readonly #spent = { busy: 0, idle: 0, backPressured: 0 };
  #since: number;
  #doing: "busy" | "idle" | "backPressured" = "idle";

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  start(): void {
    this.#turn("busy");
  }

  /** A slice ended; with `more` to do the task waits only for its turn, which counts as busy. */
  stop(waits: "idle" | "backPressured", more: boolean): void {
    this.#turn(more ? "busy" : waits);
  }

  read(): { busyTime: number; idleTime: number; backPressuredTime: number } {
    this.#turn(this.#doing);
    return {
      busyTime: this.#spent.busy,
      idleTime: this.#spent.idle,
      backPressuredTime: this.#spent.backPressured,
    };
  }

  #turn(next: "busy" | "idle" | "backPressured"): void {
    const now = this.#clock.monotonic();
    this.#spent[this.#doing] += now - this.#since;
    this.#since = now;
    this.#doing = next;
  }
}
