import { isKeyItself, type KeyIndex } from "../../../common/keys/key-index.ts";
import { deepCopy, type Customs } from "../deep-copy.ts";

/** In an image: there was no such entry. */
const ABSENT = Symbol("absent");

/**
 * The entries of one map state of one key, found by the indexes of their keys; a key that is not its own index (a composite one)
 * is kept beside.
 *
 * Image: from `beginImage` on, the old value of an entry is set aside before the entry first changes, so that a map of any
 * size is captured without a pause.
 */
export class StateMap {
  readonly #values = new Map<KeyIndex, unknown>();
  #keys: Map<KeyIndex, unknown> | undefined;
  #image: Map<KeyIndex, unknown> | undefined;
  #imageKeys: Map<KeyIndex, unknown> | undefined;
  /** Where the rolling clean-up stands. */
  #sweeper: Iterator<[KeyIndex, unknown]> | undefined;

  get size(): number {
    return this.#values.size;
  }

  get(index: KeyIndex): unknown {
    return this.#values.get(index);
  }

  /** Adds or replaces. `index` is the index of `key`, which goes through `retainKey` where it is new. */
  put(key: unknown, index: KeyIndex, value: unknown, retainKey: (key: unknown) => unknown): void {
    const old = this.#values.get(index);
    if (this.#image !== undefined) this.#setAside(index, old);
    if (old !== undefined) {
      this.#values.set(index, value);
    } else if (isKeyItself(index)) {
      this.#values.set(retainKey(index) as KeyIndex, value);
    } else {
      (this.#keys ??= new Map()).set(index, retainKey(key));
      this.#values.set(index, value);
    }
  }

  /** The value at `index`, about to be changed in place. */
  getForChange(index: KeyIndex, customs: Customs): unknown {
    const value = this.#values.get(index);
    if (this.#image !== undefined && !this.#image.has(index)) this.#setAside(index, deepCopy(value, customs));
    return value;
  }

  delete(index: KeyIndex): boolean {
    if (this.#image !== undefined) this.#setAside(index, this.#values.get(index));
    return this.#values.delete(index) && (this.#keys?.delete(index), true);
  }

  /** Live: entries may be replaced while it is walked. */
  *entries(): Generator<[key: unknown, value: unknown]> {
    for (const [index, value] of this.#values) yield [this.#keyOf(index), value];
  }

  /** Deletes what is past its time among the next `budget` entries. */
  sweep(budget: number, isPast: (value: unknown) => boolean): void {
    for (let i = Math.min(budget, this.#values.size); i > 0; i--) {
      this.#sweeper ??= this.#values.entries();
      const { done, value } = this.#sweeper.next();
      if (done === true) this.#sweeper = undefined;
      else if (isPast(value[1])) this.delete(value[0]);
    }
  }

  /** From now on old values are set aside. */
  beginImage(): void {
    this.#image = new Map();
    this.#imageKeys = undefined;
  }

  endImage(): void {
    this.#image = undefined;
    this.#imageKeys = undefined;
  }

  /** The entries as they were when the image began. May be walked once; entries may change meanwhile. */
  *imageEntries(): Generator<[key: unknown, value: unknown]> {
    const image = this.#image;
    if (image === undefined) return;
    // An entry that was given out is marked as absent, so that it is neither set aside nor met again when it changes.
    for (const [index, value] of this.#values) {
      const old = image.get(index);
      if (old === ABSENT) continue;
      image.set(index, ABSENT);
      yield [this.#keyOf(index), old === undefined ? value : old];
    }
    for (const [index, old] of image) {
      if (old === ABSENT) continue;
      image.set(index, ABSENT);
      yield [this.#imageKeys?.get(index) ?? this.#keyOf(index), old];
    }
  }

  #setAside(index: KeyIndex, old: unknown): void {
    const image = this.#image!;
    if (image.has(index)) return;
    image.set(index, old === undefined ? ABSENT : old);
    const key = this.#keys?.get(index);
    if (key !== undefined) (this.#imageKeys ??= new Map()).set(index, key);
  }

  #keyOf(index: KeyIndex): unknown {
    return isKeyItself(index) ? index : this.#keys!.get(index);
  }
}
