import type { Timestamp } from "../../../common/time/timestamps.ts";

/** How many taken entries may stand in front before the array is cut. */
const MAX_TAKEN = 1024;

/**
 * A set of times in ascending order: windows that wait for their firing or their clean-up. Adding at the end and taking from
 * the front are quick; adding in the middle moves what comes after, which is right for windows because few are open at a time.
 */
export class SortedTimes {
  readonly #times: Timestamp[] = [];
  #taken = 0;

  get size(): number {
    return this.#times.length - this.#taken;
  }

  /** The earliest; NaN where there is none, so that every comparison with it is false. */
  get first(): Timestamp {
    return this.#times[this.#taken] ?? Number.NaN;
  }

  /** Adds `time` unless it is there. */
  add(time: Timestamp): void {
    const times = this.#times;
    let low = this.#taken;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    if (times[low] === time) return;
    if (low === times.length) times.push(time);
    else times.splice(low, 0, time);
  }

  /** Takes the earliest away; only while `size` is positive. */
  takeFirst(): Timestamp {
    const time = this.#times[this.#taken++]!;
    if (this.#taken > MAX_TAKEN || this.#taken === this.#times.length) {
      this.#times.splice(0, this.#taken);
      this.#taken = 0;
    }
    return time;
  }
}
