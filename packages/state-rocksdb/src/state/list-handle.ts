import {
  freezeState,
  isExpired,
  type HandleOptions,
  type ListState,
  type ReadonlyState,
  type TtlPolicy,
} from "millrace/internal/state-backend";
import type { RowEntry, RowSetCell } from "../cache/row-set.ts";
import type { Sweeper } from "./sweeper.ts";
import type { RowSetPlace } from "./row-set-place.ts";
import type { CurrentKey } from "./current-key.ts";

const EMPTY: readonly never[] = Object.freeze([]);

/** What handles of collections are made of. */
export interface CollectionParts {
  readonly place: RowSetPlace;
  readonly keys: CurrentKey;
  readonly options: HandleOptions;
  /** undefined: elements live until they are removed. */
  readonly policy: TtlPolicy | undefined;
  readonly sweeper: Sweeper;
}

/** List state: a row for each element, so that adding one writes one. */
export class RocksListHandle<T> implements ListState<T> {
  readonly #parts: CollectionParts;

  constructor(parts: CollectionParts) {
    this.#parts = parts;
  }

  get size(): number {
    const cell = this.#parts.place.find();
    if (cell === undefined || this.#parts.policy === undefined) return cell?.count ?? 0;
    return this.#alive(cell, false).length;
  }

  get(): Iterable<ReadonlyState<T>> {
    const { place, options, policy } = this.#parts;
    const cell = place.find();
    if (cell === undefined) return EMPTY;
    if (policy !== undefined) {
      const values = this.#alive(cell, policy.touchOnRead);
      return options.freeze ? freezeState(values) : values;
    }
    if (options.freeze) return freezeState(Array.from(place.map.elements(cell), valueOf<T>));
    return {
      *[Symbol.iterator]() {
        for (const entry of place.map.elements(cell)) yield valueOf<T>(entry);
      },
    };
  }

  add(value: T): void {
    const { place, options, policy, keys, sweeper } = this.#parts;
    const kept = options.retain(value);
    const cell = place.forChange();
    place.map.add(cell, cell.next, undefined, kept, policy === undefined ? 0 : keys.now());
    if (policy !== undefined) sweeper.step(policy.cleanupPerAccess, keys.now());
  }

  addAll(values: Iterable<T>): void {
    for (const value of values) this.add(value);
  }

  update(values: Iterable<T>): void {
    const { place, options, policy, keys } = this.#parts;
    const kept = Array.from(values, options.retain);
    if (kept.length === 0) return place.clear();
    const cell = place.forChange();
    place.map.removeAll(cell);
    const time = policy === undefined ? 0 : keys.now();
    for (const value of kept) place.map.add(cell, cell.next, undefined, value, time);
  }

  clear(): void {
    this.#parts.place.clear();
  }

  /** The values that may be handed out. Those past their time are removed, even if they are handed out once more. */
  #alive(cell: RowSetCell, touch: boolean): readonly ReadonlyState<T>[] {
    const { place, keys, sweeper } = this.#parts;
    const policy = this.#parts.policy!;
    const now = keys.now();
    const values: ReadonlyState<T>[] = [];
    for (const entry of Array.from(place.map.elements(cell))) {
      const value = valueOf<T>(entry);
      const expired = isExpired(entry, policy, now);
      if (!expired || policy.returnExpired) values.push(value);
      if (expired || (touch && entry.time < now)) {
        place.map.change(cell);
        // An entry that only has its row is read as a copy.
        const own = place.map.entry(cell, entry.index, entry.key);
        if (own === undefined) continue;
        own.time = now;
        if (expired) place.map.remove(cell, own);
        else place.map.touch(cell, own);
      }
    }
    place.settle(cell);
    sweeper.step(policy.cleanupPerAccess, now);
    return values;
  }
}

function valueOf<T>(entry: RowEntry): ReadonlyState<T> {
  return entry.value as ReadonlyState<T>;
}
