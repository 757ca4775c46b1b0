import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";

/** The kind of an event in an ElementQueue, beside ElementKind's numbers. */
export const EVENT = 3;

/**
 * First in, first out: kinds, values and timestamps in three circular arrays. Grows by doubling, goes back to its first size when
 * it has been emptied, and keeps no reference to what was taken out.
 */
export class ElementQueue {
  size = 0;
  readonly #initial: number;
  #mask: number;
  #first = 0;
  #kinds: Uint8Array;
  #values: unknown[];
  #timestamps: Float64Array;

  /** @param capacity elements that fit without growing; rounded up to a power of two */
  constructor(capacity: number) {
    const length = 2 ** Math.ceil(Math.log2(Math.max(2, capacity)));
    this.#initial = length;
    this.#mask = length - 1;
    this.#kinds = new Uint8Array(length);
    this.#values = Array.from({ length }, () => undefined);
    this.#timestamps = new Float64Array(length);
  }

  /** Kind of the first element; meaningless when empty. */
  get kind(): number {
    return this.#kinds[this.#first] as number;
  }

  /** Timestamp of the first element; meaningless when empty. */
  get timestamp(): Timestamp {
    return this.#timestamps[this.#first] as number;
  }

  /** The element `index` places behind the first, which must be there. */
  kindAt(index: number): number {
    return this.#kinds[(this.#first + index) & this.#mask] as number;
  }

  valueAt(index: number): unknown {
    return this.#values[(this.#first + index) & this.#mask];
  }

  timestampAt(index: number): Timestamp {
    return this.#timestamps[(this.#first + index) & this.#mask] as number;
  }

  push(kind: number, value: unknown, timestamp: Timestamp): void {
    if (this.size > this.#mask) this.#resize((this.#mask + 1) * 2);
    const at = (this.#first + this.size) & this.#mask;
    this.#kinds[at] = kind;
    this.#values[at] = value;
    this.#timestamps[at] = timestamp;
    this.size++;
  }

  /** Takes the first element out, and returns its value. */
  shift(): unknown {
    if (this.size === 0) throw new MillraceError("INTERNAL", "nothing to take from an empty queue");
    const first = this.#first;
    const value = this.#values[first];
    this.#values[first] = undefined;
    this.#first = (first + 1) & this.#mask;
    this.size--;
    if (this.size === 0 && this.#mask >= this.#initial) this.#resize(this.#initial);
    return value;
  }

  clear(): void {
    this.size = 0;
    this.#resize(this.#initial);
  }

  #resize(length: number): void {
    const kinds = new Uint8Array(length);
    const values: unknown[] = Array.from({ length }, () => undefined);
    const timestamps = new Float64Array(length);
    for (let i = 0; i < this.size; i++) {
      const from = (this.#first + i) & this.#mask;
      kinds[i] = this.#kinds[from] as number;
      values[i] = this.#values[from];
      timestamps[i] = this.#timestamps[from] as number;
    }
    this.#mask = length - 1;
    this.#first = 0;
    this.#kinds = kinds;
    this.#values = values;
    this.#timestamps = timestamps;
  }
}
