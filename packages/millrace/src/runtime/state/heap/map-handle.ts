import { keyIndex, type KeyIndex } from "../../../common/keys/key-index.ts";
import type { MapState, ReadonlyState } from "../../../common/state/state.ts";
import { deepCopy } from "../deep-copy.ts";
import { freezeState } from "../freeze-state.ts";
import type { HandleOptions } from "./handle-options.ts";
import type { Place } from "./place.ts";
import { StateMap } from "./state-map.ts";
import { StringKeeper } from "../string-keeper.ts";

/** Map state on a place: a `StateMap`. Storing undefined is removing. */
export class MapHandle<K, V> implements MapState<K, V> {
  readonly #place: Place;
  readonly #options: HandleOptions;
  readonly #strings: StringKeeper;

  constructor(place: Place, options: HandleOptions) {
    this.#place = place;
    this.#options = options;
    this.#strings = new StringKeeper(options.type);
  }

  get size(): number {
    return this.#map()?.size ?? 0;
  }

  get(key: K): ReadonlyState<V> | undefined {
    return this.#handOut(this.#map()?.get(this.#index(key)) as V | undefined);
  }

  has(key: K): boolean {
    return this.#map()?.get(this.#index(key)) !== undefined;
  }

  put(key: K, value: V): void {
    if (value === undefined) return this.remove(key);
    this.#put(key, this.#index(key), this.#options.own(value));
  }

  mutate(key: K, change: (value: V) => void, initial: () => V): ReadonlyState<V> {
    const index = this.#index(key);
    const map = this.#place.getForChange() as StateMap | undefined;
    const old = map?.getForChange(index, this.#options.customs) as V | undefined;
    if (old !== undefined && !this.#options.freeze) {
      const strings = this.#strings.note(old);
      change(old);
      this.#strings.keep(old, strings, false);
      return old as ReadonlyState<V>;
    }
    const value =
      old === undefined ? (this.#options.own(initial()) as V) : deepCopy(old, this.#options.customs);
    change(value);
    const kept = this.#options.retain(value) as V;
    this.#put(key, index, kept);
    return this.#handOut(kept);
  }

  remove(key: K): void {
    const index = this.#index(key);
    if (this.#map()?.get(index) === undefined) return;
    const map = this.#place.getForChange() as StateMap;
    map.delete(index);
    if (map.size === 0) this.#place.clear();
  }

  entries(): Iterable<readonly [K, ReadonlyState<V>]> {
    return this.#each((key, value) => [key, value] as const);
  }

  keys(): Iterable<K> {
    return this.#each((key) => key);
  }

  values(): Iterable<ReadonlyState<V>> {
    return this.#each((_key, value) => value);
  }

  clear(): void {
    this.#place.clear();
  }

  #each<R>(of: (key: K, value: ReadonlyState<V>) => R): Iterable<R> {
    const map = this.#map();
    const handOut = (value: V): ReadonlyState<V> => this.#handOut(value);
    return {
      *[Symbol.iterator]() {
        for (const [key, value] of map?.entries() ?? []) yield of(key as K, handOut(value as V));
      },
    };
  }

  #map(): StateMap | undefined {
    return this.#place.get() as StateMap | undefined;
  }

  #put(key: K, index: KeyIndex, kept: unknown): void {
    let map = this.#place.getForChange() as StateMap | undefined;
    if (map === undefined) {
      map = new StateMap();
      this.#place.set(map);
    }
    map.put(key, index, kept, this.#options.retainKey);
  }

  #index(key: K): KeyIndex {
    return keyIndex(key, this.#options.where);
  }

  #handOut<T extends V | undefined>(value: T): ReadonlyState<T> {
    return (this.#options.freeze ? freezeState(value) : value) as ReadonlyState<T>;
  }
}
