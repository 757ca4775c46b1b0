import type { ListState, ReadonlyState } from "../../../common/state/state.ts";
import { freezeState } from "../freeze-state.ts";
import type { HandleOptions } from "./handle-options.ts";
import type { Place } from "./place.ts";

const EMPTY: readonly never[] = Object.freeze([]);

/** List state on a place: an array that grows at its end, or is replaced. */
export class ListHandle<T> implements ListState<T> {
  readonly #place: Place;
  readonly #options: HandleOptions;

  constructor(place: Place, options: HandleOptions) {
    this.#place = place;
    this.#options = options;
  }

  get size(): number {
    return (this.#place.get() as readonly T[] | undefined)?.length ?? 0;
  }

  get(): Iterable<ReadonlyState<T>> {
    const list = this.#place.get() as readonly ReadonlyState<T>[] | undefined;
    if (list === undefined) return EMPTY;
    return this.#options.freeze ? freezeState([...list]) : list;
  }

  add(value: T): void {
    const kept = this.#options.retain(value);
    const list = this.#place.getForChange() as unknown[] | undefined;
    if (list === undefined) this.#place.set([kept]);
    else list.push(kept);
  }

  addAll(values: Iterable<T>): void {
    for (const value of values) this.add(value);
  }

  update(values: Iterable<T>): void {
    const list = Array.from(values, this.#options.retain);
    if (list.length === 0) this.#place.clear();
    else this.#place.set(list);
  }

  clear(): void {
    this.#place.clear();
  }
}
