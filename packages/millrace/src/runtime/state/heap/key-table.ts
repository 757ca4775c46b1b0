import { hashKey } from "../../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../../common/keys/key-groups.ts";
import { keyIndex, type KeyIndex } from "../../../common/keys/key-index.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import type { Clock } from "../../../common/clock/clock.ts";
import type { KeyGroupRange } from "../keyed-state.ts";
import type { KeyKindGuard } from "../restore/key-kind-guard.ts";
import { retainKey } from "../retain.ts";
import { ABSENT_ID, IntIndex } from "./int-index.ts";
import { LargeMap } from "./large-map.ts";

/** Something that has a place for each key, by the key's id: a column of values. */
export interface KeyColumn {
  /** Makes a place for `id`, which is at most one more than the ids before it. */
  reserve(id: number): void;
}

/** Settings of a key table. */
export interface KeyTableOptions {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly clock: Clock;
  /** Told in errors: `operator "count"`. */
  readonly where: string;
  readonly guard: KeyKindGuard;
}

/**
 * All keys that one operator holds state or timers for, each with a small stable id; what belongs to a key stands in columns
 * at its id. One lookup finds the current key's id, and all handles read their columns there.
 *
 * A key is added when something is first stored for it, and removed when nothing is left (`occupied` counts); its id is
 * then used again.
 */
export class KeyTable {
  /** The current key's id, or -1 where nothing is stored for it. */
  id = ABSENT_ID;
  /** By id: the key, undefined where the id is free. */
  readonly keys: unknown[] = [];
  /** By id. */
  keyGroups = new Uint16Array(64);
  /** By id: how many columns hold something. */
  occupied = new Uint16Array(64);
  size = 0;

  readonly #ints = new IntIndex();
  readonly #others = new LargeMap<KeyIndex, number>();
  readonly #free: number[] = [];
  readonly #columns: KeyColumn[] = [];
  readonly #options: KeyTableOptions;
  #key: unknown = undefined;
  #selected = false;
  /** Processing time of the record at hand; NaN until somebody asks. */
  #now = NaN;

  constructor(options: KeyTableOptions) {
    this.#options = options;
  }

  /** Makes a key current. @throws INVALID_KEY */
  select(key: unknown): void {
    this.#now = NaN;
    if (key === this.#key && typeof key !== "object" && this.#selected) return;
    this.id = this.find(key);
    this.#key = key;
    this.#selected = true;
  }

  /** Makes the key `id` current. */
  selectId(id: number): void {
    this.#now = NaN;
    this.id = id;
    this.#key = this.keys[id];
    this.#selected = true;
  }

  /** There is no current key any more. */
  deselect(): void {
    this.id = ABSENT_ID;
    this.#key = undefined;
    this.#selected = false;
  }

  /** What is current now, to come back to by `reset`. */
  mark(): { readonly key: unknown; readonly selected: boolean } {
    return { key: this.#key, selected: this.#selected };
  }

  reset({ key, selected }: { readonly key: unknown; readonly selected: boolean }): void {
    this.deselect();
    if (selected) this.select(key);
  }

  /** Finds the current key again, after keys were added that were stored before. */
  refresh(): void {
    if (this.#selected) this.id = this.find(this.#key);
  }

  /** The current key, as it was given. @throws STATE_MISUSE where there is none */
  currentKey(): unknown {
    if (!this.#selected) this.none();
    return this.#key;
  }

  /** The id of a key, or -1. @throws INVALID_KEY */
  find(key: unknown): number {
    if (typeof key === "number" && (key | 0) === key) return this.#ints.find(key);
    return this.#others.get(keyIndex(key, this.#options.where)) ?? ABSENT_ID;
  }

  /** What a column answers where the current key has no id. @throws STATE_MISUSE where there is no current key */
  none(): undefined {
    if (this.#selected) return undefined;
    throw new MillraceError(
      "STATE_MISUSE",
      `keyed state was used without a current key (${this.#options.where})`,
      {
        help: "Use it while a record or timer is processed, not in open or in fields of your own.",
      },
    );
  }

  /** The current key's id; the key is added where it is new. */
  idOrNew(): number {
    const id = this.id;
    return id < 0 ? this.#addCurrent() : id;
  }

  /**
   * The id of a key that was stored before, in a key group of this table; it is added where it is not there.
   *
   * @param isNew whether it surely isn't there: looking for it takes as long as adding it
   */
  idOfStored(key: unknown, keyGroup: number, isNew: boolean): number {
    const id = isNew ? ABSENT_ID : this.find(key);
    return id < 0 ? this.#add(key, keyGroup) : id;
  }

  /** A column holds something for `id` that it did not hold before. */
  occupy(id: number): void {
    this.occupied[id]!++;
  }

  /** A column no longer holds anything for `id`: with the last one, the key goes. */
  vacate(id: number): void {
    if (--this.occupied[id]! === 0) this.#remove(id);
  }

  /** Adds a column and makes its places for all ids there are. */
  addColumn(column: KeyColumn): void {
    this.#columns.push(column);
    for (let id = 0; id < this.keys.length; id++) column.reserve(id);
  }

  /** Processing time, read once for each time a key is made current. */
  now(): number {
    if (this.#now !== this.#now) this.#now = this.#options.clock.now();
    return this.#now;
  }

  clear(): void {
    this.#ints.clear();
    this.#others.clear();
    this.keys.length = 0;
    this.#free.length = 0;
    this.size = 0;
    this.deselect();
  }

  #addCurrent(): number {
    this.none();
    const key = retainKey(this.#key);
    if (this.#options.guard.pending) this.#options.guard.check(key);
    const id = this.#add(key, this.#keyGroupOf(key));
    this.id = id;
    return id;
  }

  #add(key: unknown, keyGroup: number): number {
    const id = this.#free.pop() ?? this.#newId();
    this.keys[id] = key;
    this.keyGroups[id] = keyGroup;
    this.occupied[id] = 0;
    if (typeof key === "number" && (key | 0) === key) this.#ints.add(key, id);
    else this.#others.set(keyIndex(key), id);
    this.size++;
    return id;
  }

  #newId(): number {
    const id = this.keys.length;
    if (id === this.occupied.length) this.#grow();
    this.keys.push(undefined);
    for (let i = 0; i < this.#columns.length; i++) this.#columns[i]!.reserve(id);
    return id;
  }

  #grow(): void {
    const { keyGroups, occupied } = this;
    const length = occupied.length * 2;
    this.keyGroups = new Uint16Array(length);
    this.keyGroups.set(keyGroups);
    this.occupied = new Uint16Array(length);
    this.occupied.set(occupied);
  }

  #remove(id: number): void {
    const key = this.keys[id];
    if (typeof key === "number" && (key | 0) === key) this.#ints.remove(key);
    else this.#others.delete(keyIndex(key));
    this.keys[id] = undefined;
    this.#free.push(id);
    this.size--;
    if (this.id === id) this.id = ABSENT_ID;
  }

  #keyGroupOf(key: unknown): number {
    const { keyGroups, maxParallelism, where } = this.#options;
    const keyGroup = keyGroupOf(hashKey(key), maxParallelism);
    if (keyGroup >= keyGroups.start && keyGroup < keyGroups.end) return keyGroup;
    throw new MillraceError(
      "INTERNAL",
      `key ${preview(key)} is of key group ${keyGroup}, which is not one of [${keyGroups.start}, ${keyGroups.end}) (${where})`,
      {
        help: "The key selector answered differently on both sides of the shuffle: it must be deterministic.",
      },
    );
  }
}
