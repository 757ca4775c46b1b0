import { bitWords, clearBit, growBits, hasBit, setBit, type BitWords } from "./bits.ts";
import type { ChangeTracking } from "./tracking.ts";

/** What changed between two snapshots. */
export interface EntryDelta {
  /** By position: what changed or was added. What is no longer there may be among it. */
  readonly changed: BitWords;
  /** At most so many are set. */
  readonly count: number;
  /** Keys of entries that were there at the first snapshot and were removed. */
  readonly removed: readonly unknown[];
}

/**
 * Which entries of a column (by the key's id) or of a table (by position) have changed since the last snapshot began: a bit each, so that the
 * question, which every write asks, is answered from the cache even for millions of keys.
 *
 * For incremental checkpoints also what was removed: the keys of entries that were there when the last snapshot began. What came and went since
 * needs no record.
 */
export class EntryChanges {
  #changed: BitWords = bitWords(128);
  /** Of what has changed: whether the entry, with the key that it has now, was there when the last snapshot began. */
  #existed: BitWords = bitWords(0);
  #count = 0;
  #removed: unknown[] = [];
  readonly #tracking: ChangeTracking;

  constructor(tracking: ChangeTracking) {
    this.#tracking = tracking;
  }

  /** How many have changed. */
  get count(): number {
    return this.#count;
  }

  /** How many removals are remembered. */
  get removals(): number {
    return this.#removed.length;
  }

  /** `at` is less than `reserve` was told. */
  has(at: number): boolean {
    return ((this.#changed[at >>> 5]! >>> (at & 31)) & 1) === 1;
  }

  /** The entry changes for the first time since the snapshot. @param existed whether there was something when it began */
  add(at: number, existed: boolean): void {
    setBit(this.#changed, at);
    this.#count++;
    if (existed && this.#tracking.on) {
      this.#existed = growBits(this.#existed, this.#changed.length);
      setBit(this.#existed, at);
    }
  }

  /** What stood there is gone; it was added to the changes before. */
  remove(at: number, key: unknown): void {
    if (!hasBit(this.#existed, at)) return;
    clearBit(this.#existed, at);
    if (!this.#tracking.on) return;
    this.#removed.push(key);
    this.#tracking.spend();
  }

  /** Makes place for positions below `count`. */
  reserve(count: number): void {
    if (count <= this.#changed.length * 32) return;
    this.#changed = growBits(this.#changed, Math.max(this.#changed.length * 2, (count + 31) >>> 5));
  }

  /** A snapshot begins: hands over what has changed, and starts anew. undefined where nothing has. */
  cut(): EntryDelta | undefined {
    if (this.#count === 0 && this.#removed.length === 0) return undefined;
    const delta = { changed: this.#changed, count: this.#count, removed: this.#removed };
    this.#changed = new Int32Array(delta.changed.length);
    this.#existed = bitWords(0);
    this.#count = 0;
    this.#removed = [];
    return delta;
  }
}
