import type { KeyGroupRange } from "../../keyed-state.ts";
import type { BitWords } from "../changes/bits.ts";

/** The group of what is left out. */
export const NO_GROUP = -1;
const NONE = 0xffff;

/** Positions [0, length) of one thing (all keys, a table), to be sorted together with those of others. */
export interface SortSegment {
  readonly length: number;
  /** Only those that are in one of these; undefined for all. Not changed meanwhile. */
  readonly selected: readonly BitWords[] | undefined;
  /** The key group of a position, or NO_GROUP. Asked once for each. */
  groupOf(position: number): number;
}

/**
 * Sorts positions by key group, a slice at a time: by counting, in two passes. What a position is called afterwards is the sum of its position
 * and the lengths of the segments before its own.
 */
export class GroupSort {
  readonly #segments: readonly SortSegment[];
  readonly #first: number;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** By the order in which positions are visited. */
  #groups: Uint16Array;
  #visited = 0;
  #order: Int32Array | undefined;
  #segment = 0;
  /** Of the segment. */
  #at = 0;
  /** What the segment's positions begin at. */
  #base = 0;

  /** @param expected about how many positions there are */
  constructor(segments: readonly SortSegment[], range: KeyGroupRange, expected: number) {
    this.#segments = segments;
    this.#first = range.start;
    this.#starts = new Int32Array(range.end - range.start);
    this.#ends = new Int32Array(range.end - range.start);
    this.#groups = new Uint16Array(expected);
  }

  /** Goes on over about `limit` more positions; true when all are sorted. */
  advance(limit: number): boolean {
    const segment = this.#segments[this.#segment];
    if (segment === undefined) return this.#endPass();
    const end = Math.min(this.#at + limit, segment.length);
    if (segment.selected === undefined) this.#all(segment, end);
    else this.#selected(segment, segment.selected, end);
    this.#at = end;
    if (end === segment.length) {
      this.#base += segment.length;
      this.#segment++;
      this.#at = 0;
    }
    return false;
  }

  /** The positions of a key group, ascending. */
  positions(group: number): Int32Array {
    const at = group - this.#first;
    return this.#order!.subarray(this.#starts[at], this.#ends[at]);
  }

  #all(segment: SortSegment, end: number): void {
    for (let position = this.#at; position < end; position++) this.#visit(segment, position);
  }

  #selected(segment: SortSegment, selected: readonly BitWords[], end: number): void {
    // Only the last part of a segment may end within a word: limits are multiples of a word.
    for (let base = this.#at; base < end; base += 32) {
      let word = 0;
      for (let i = 0; i < selected.length; i++) word |= selected[i]![base >>> 5] ?? 0;
      while (word !== 0) {
        const bit = 31 - Math.clz32(word & -word);
        word &= word - 1;
        if (base + bit < segment.length) this.#visit(segment, base + bit);
      }
    }
  }

  #visit(segment: SortSegment, position: number): void {
    const order = this.#order;
    if (order === undefined) {
      const group = segment.groupOf(position);
      if (this.#visited === this.#groups.length) this.#grow();
      this.#groups[this.#visited++] = group;
      if (group >= 0) this.#ends[group - this.#first]!++;
      return;
    }
    const group = this.#groups[this.#visited++]!;
    if (group !== NONE) order[this.#ends[group - this.#first]!++] = this.#base + position;
  }

  #grow(): void {
    const grown = new Uint16Array(Math.max(1024, 2 * this.#groups.length));
    grown.set(this.#groups);
    this.#groups = grown;
  }

  /** After the first pass, turns counts into starts; `ends` then grows from the start while the order is filled. */
  #endPass(): boolean {
    if (this.#order !== undefined) return true;
    let start = 0;
    for (let i = 0; i < this.#starts.length; i++) {
      const count = this.#ends[i]!;
      this.#starts[i] = start;
      this.#ends[i] = start;
      start += count;
    }
    this.#order = new Int32Array(start);
    this.#visited = 0;
    this.#segment = 0;
    this.#base = 0;
    return start === 0;
  }
}
