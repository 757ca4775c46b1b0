import type { KeyGroupRange } from "../../keyed-state.ts";

/** The group of what is not to be sorted in; above all key groups. */
export const NO_GROUP = 0xffff;

/** Sorts positions by key group, a slice at a time. */
export class GroupSort {
  readonly #groups: Uint16Array;
  readonly #first: number;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #order: Int32Array | undefined;
  #at = 0;

  /** @param groups by position; not changed meanwhile */
  constructor(groups: Uint16Array, range: KeyGroupRange) {
    this.#groups = groups;
    this.#first = range.start;
    this.#starts = new Int32Array(range.end - range.start);
    this.#ends = new Int32Array(range.end - range.start);
  }

  /** Handles up to `limit` more positions; true when all are sorted. */
  advance(limit: number): boolean {
    const groups = this.#groups;
    const end = Math.min(this.#at + limit, groups.length);
    if (this.#order === undefined) this.#count(this.#at, end);
    else this.#fill(this.#order, this.#at, end);
    this.#at = end;
    if (end < groups.length) return false;
    if (this.#order !== undefined) return true;
    this.#order = this.#lay();
    this.#at = 0;
    return groups.length === 0;
  }

  /** The positions of a key group. */
  positions(group: number): Int32Array {
    const at = group - this.#first;
    return this.#order!.subarray(this.#starts[at], this.#ends[at]);
  }

  #count(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const group = this.#groups[i]!;
      if (group !== NO_GROUP) this.#ends[group - this.#first]!++;
    }
  }

  #fill(order: Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const group = this.#groups[i]!;
      if (group !== NO_GROUP) order[this.#ends[group - this.#first]!++] = i;
    }
  }

  /** Turns counts into starts; `ends` then grows from the start while the order is filled. */
  #lay(): Int32Array {
    let start = 0;
    for (let i = 0; i < this.#starts.length; i++) {
      const count = this.#ends[i]!;
      this.#starts[i] = start;
      this.#ends[i] = start;
      start += count;
    }
    return new Int32Array(start);
  }
}
