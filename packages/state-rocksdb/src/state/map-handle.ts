import {
  deepCopy,
  freezeState,
  isExpired,
  keyIndex,
  type KeyIndex,
  type MapState,
  type ReadonlyState,
  StringKeeper,
} from "millrace/internal/state-backend";
import type { RowEntry, RowSetCell } from "../cache/row-set.ts";
import type { CollectionParts } from "./list-handle.ts";

/** Map state: a row for each entry. Storing undefined is removing. */
export class RocksMapHandle<K, V> implements MapState<K, V> {
  readonly #parts: CollectionParts;
  readonly #strings: StringKeeper;

  constructor(parts: CollectionParts) {
    this.#parts = parts;
    this.#strings = new StringKeeper(parts.options.type);
  }

  get size(): number {
    const cell = this.#parts.place.find();
    if (cell === undefined || this.#parts.policy === undefined) return cell?.count ?? 0;
    return this.#alive(false).length;
  }

  get(key: K): ReadonlyState<V> | undefined {
    return this.#handOut(this.#read(key) as V | undefined);
  }

  has(key: K): boolean {
    return this.#read(key) !== undefined;
  }

  put(key: K, value: V): void {
    if (value === undefined) return this.remove(key);
    this.#put(key, this.#index(key), this.#parts.options.own(value));
    this.#sweep();
  }

  mutate(key: K, change: (value: V) => void, initial: () => V): ReadonlyState<V> {
    const { options, policy } = this.#parts;
    const index = this.#index(key);
    if (!options.freeze && policy === undefined) {
      const changed = this.#mutateInPlace(key, index, change);
      if (changed !== undefined) return changed as ReadonlyState<V>;
    }
    const old = this.#read(key, index) as V | undefined;
    const value = old === undefined ? (options.own(initial()) as V) : deepCopy(old, options.customs);
    change(value);
    const kept = options.retain(value) as V;
    this.#put(key, index, kept);
    return this.#handOut(kept);
  }

  remove(key: K): void {
    const { place } = this.#parts;
    const cell = place.find();
    const entry = cell === undefined ? undefined : place.map.entry(cell, this.#index(key), key);
    if (cell !== undefined && entry !== undefined) this.#remove(cell, entry);
    this.#sweep();
  }

  entries(): Iterable<readonly [K, ReadonlyState<V>]> {
    return this.#each((entry) => [entry.key as K, this.#handOut(entry.value as V)] as const);
  }

  keys(): Iterable<K> {
    return this.#each((entry) => entry.key as K);
  }

  values(): Iterable<ReadonlyState<V>> {
    return this.#each((entry) => this.#handOut(entry.value as V));
  }

  clear(): void {
    this.#parts.place.clear();
  }

  #mutateInPlace(key: K, index: KeyIndex, change: (value: V) => void): V | undefined {
    const { map } = this.#parts.place;
    const cell = this.#parts.place.find();
    if (cell === undefined) return undefined;
    // First, because it may let go of entries that were read before.
    map.change(cell);
    const entry = map.entry(cell, index, key);
    if (entry === undefined) return undefined;
    map.touch(cell, entry);
    const value = entry.value as V;
    const strings = this.#strings.note(value);
    change(value);
    this.#strings.keep(value, strings, false);
    return value;
  }

  #each<R>(of: (entry: RowEntry) => R): Iterable<R> {
    const { place, policy } = this.#parts;
    if (policy !== undefined) return this.#alive(policy.touchOnRead).map(of);
    const cell = place.find();
    return {
      *[Symbol.iterator]() {
        if (cell !== undefined) for (const entry of place.map.elements(cell)) yield of(entry);
      },
    };
  }

  /** The value that may be handed out. One past its time is removed, even if it is handed out once more. */
  #read(key: K, index = this.#index(key)): unknown {
    const { place, policy, keys } = this.#parts;
    const cell = place.find();
    const entry = cell === undefined ? undefined : place.map.entry(cell, index, key);
    if (policy === undefined) return entry?.value;
    let value = entry?.value;
    if (cell !== undefined && entry !== undefined) {
      const now = keys.now();
      if (isExpired(entry, policy, now)) {
        if (!policy.returnExpired) value = undefined;
        this.#remove(cell, entry);
      } else if (policy.touchOnRead && entry.time < now) {
        place.map.change(cell);
        entry.time = now;
        place.map.touch(cell, entry);
      }
    }
    this.#sweep();
    return value;
  }

  /** The entries that may be handed out, as they are. */
  #alive(touch: boolean): readonly RowEntry[] {
    const { place, keys } = this.#parts;
    const policy = this.#parts.policy!;
    const cell = place.find();
    if (cell === undefined) return [];
    const now = keys.now();
    const alive: RowEntry[] = [];
    for (const entry of Array.from(place.map.elements(cell))) {
      const expired = isExpired(entry, policy, now);
      if (!expired || policy.returnExpired) alive.push(expired ? { ...entry } : entry);
      if (!expired && !(touch && entry.time < now)) continue;
      const own = place.map.entry(cell, entry.index, entry.key);
      if (own === undefined) continue;
      if (expired) {
        this.#remove(cell, own);
      } else {
        place.map.change(cell);
        own.time = now;
        place.map.touch(cell, own);
      }
    }
    this.#sweep();
    return alive;
  }

  #put(key: K, index: KeyIndex, kept: unknown): void {
    const { place, policy, keys, options } = this.#parts;
    const time = policy === undefined ? 0 : keys.now();
    const cell = place.forChange();
    const entry = place.map.entry(cell, index, key);
    if (entry === undefined) {
      const own = options.retainKey(key);
      place.map.add(
        cell,
        typeof index === "string" && index === key ? (own as string) : index,
        own,
        kept,
        time,
      );
    } else {
      entry.value = kept;
      entry.time = time;
      place.map.touch(cell, entry);
    }
  }

  #remove(cell: RowSetCell, { index, key }: RowEntry): void {
    const { place } = this.#parts;
    place.map.change(cell);
    const entry = place.map.entry(cell, index, key);
    if (entry !== undefined) place.map.remove(cell, entry);
    place.settle(cell);
  }

  #sweep(): void {
    const { policy, keys, sweeper } = this.#parts;
    if (policy !== undefined) sweeper.step(policy.cleanupPerAccess, keys.now());
  }

  #index(key: K): KeyIndex {
    return keyIndex(key, this.#parts.options.where);
  }

  #handOut<T extends V | undefined>(value: T): ReadonlyState<T> {
    return (this.#parts.options.freeze ? freezeState(value) : value) as ReadonlyState<T>;
  }
}
