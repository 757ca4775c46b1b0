import { keyIndex, type KeyIndex } from "../../../common/keys/key-index.ts";
import type { MapState, ReadonlyState } from "../../../common/state/state.ts";
import type { Column } from "./column.ts";
import { deepCopy } from "../deep-copy.ts";
import { freezeState } from "../freeze-state.ts";
import type { HandleOptions } from "./handle-options.ts";
import type { KeyTable } from "./key-table.ts";
import type { Place } from "./place.ts";
import { StateMap } from "./state-map.ts";
import { isExpired, TtlCell, type TtlPolicy } from "./ttl.ts";

/** Map state whose entries have a time to live, each its own. */
export class TtlMapHandle<K, V> implements MapState<K, V> {
  readonly #place: Place;
  readonly #column: Column;
  readonly #keyTable: KeyTable;
  readonly #options: HandleOptions;
  readonly #policy: TtlPolicy;

  constructor(place: Place, column: Column, keys: KeyTable, options: HandleOptions, policy: TtlPolicy) {
    this.#place = place;
    this.#column = column;
    this.#keyTable = keys;
    this.#options = options;
    this.#policy = policy;
  }

  get size(): number {
    return this.#cells(false).length;
  }

  get(key: K): ReadonlyState<V> | undefined {
    const cell = this.#read(key);
    return cell === undefined ? undefined : this.#handOut(cell);
  }

  has(key: K): boolean {
    return this.#read(key) !== undefined;
  }

  put(key: K, value: V): void {
    if (value === undefined) return this.remove(key);
    this.#put(key, this.#index(key), this.#options.retain(value));
    this.#sweep();
  }

  mutate(key: K, change: (value: V) => void, initial: () => V): ReadonlyState<V> {
    const old = this.#read(key);
    // What is in place is changed as a copy: with a time to live the cell is replaced in any case.
    const value = (
      old === undefined ? this.#options.own(initial()) : deepCopy(old.value, this.#options.customs)
    ) as V;
    change(value);
    const cell = this.#put(key, this.#index(key), this.#options.retain(value));
    return this.#handOut(cell);
  }

  remove(key: K): void {
    const index = this.#index(key);
    if (this.#map()?.get(index) !== undefined) this.#delete(index);
    this.#sweep();
  }

  entries(): Iterable<readonly [K, ReadonlyState<V>]> {
    return this.#cells(this.#policy.touchOnRead).map(([key, cell]) => [key, this.#handOut(cell)] as const);
  }

  keys(): Iterable<K> {
    return this.#cells(this.#policy.touchOnRead).map(([key]) => key);
  }

  values(): Iterable<ReadonlyState<V>> {
    return this.#cells(this.#policy.touchOnRead).map(([, cell]) => this.#handOut(cell));
  }

  clear(): void {
    this.#place.clear();
  }

  /** The entry's cell where it may be handed out. One past its time is dropped, even if it is handed out once more. */
  #read(key: K): TtlCell | undefined {
    const index = this.#index(key);
    const cell = this.#map()?.get(index) as TtlCell | undefined;
    const expired = cell !== undefined && isExpired(cell, this.#policy, this.#keyTable.now());
    if (expired) this.#delete(index);
    else if (cell !== undefined && this.#policy.touchOnRead) this.#put(key, index, cell.value);
    this.#sweep();
    return expired && !this.#policy.returnExpired ? undefined : cell;
  }

  #cells(touch: boolean): readonly (readonly [K, TtlCell])[] {
    const now = this.#keyTable.now();
    const all = [...(this.#map()?.entries() ?? [])] as [K, TtlCell][];
    const left = all.filter(([, cell]) => !isExpired(cell, this.#policy, now));
    if (left.length < all.length) {
      for (const [key, cell] of all) if (isExpired(cell, this.#policy, now)) this.#delete(this.#index(key));
    }
    if (touch) for (const [key, cell] of left) this.#put(key, this.#index(key), cell.value);
    this.#sweep();
    return this.#policy.returnExpired ? all : left;
  }

  #put(key: K, index: KeyIndex, kept: unknown): TtlCell {
    const cell = new TtlCell(kept, this.#keyTable.now());
    let map = this.#place.getForChange() as StateMap | undefined;
    if (map === undefined) {
      map = new StateMap();
      this.#place.set(map);
    }
    map.put(key, index, cell, this.#options.retainKey);
    return cell;
  }

  #delete(index: KeyIndex): void {
    const map = this.#place.getForChange() as StateMap;
    map.delete(index);
    if (map.size === 0) this.#place.clear();
  }

  #sweep(): void {
    this.#column.sweep(this.#policy.cleanupPerAccess, this.#keyTable.now());
  }

  #map(): StateMap | undefined {
    return this.#place.get() as StateMap | undefined;
  }

  #index(key: K): KeyIndex {
    return keyIndex(key, this.#options.where);
  }

  #handOut(cell: TtlCell): ReadonlyState<V> {
    return (this.#options.freeze ? freezeState(cell.value) : cell.value) as ReadonlyState<V>;
  }
}
