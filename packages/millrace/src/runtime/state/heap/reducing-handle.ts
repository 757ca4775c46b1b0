import type { ReadonlyState, ReducingState } from "../../../common/state/state.ts";
import { freezeState } from "../freeze-state.ts";
import type { HandleOptions } from "./handle-options.ts";
import { nothingAnswered } from "../nothing-answered.ts";
import type { Place } from "./place.ts";
import { StringKeeper } from "../string-keeper.ts";

/** Reducing state on a place: the reduced value. */
export class ReducingHandle<T> implements ReducingState<T> {
  readonly #place: Place;
  readonly #options: HandleOptions;
  readonly #reduce: (a: T, b: T) => T;
  readonly #strings: StringKeeper;

  constructor(place: Place, options: HandleOptions, reduce: (a: T, b: T) => T) {
    this.#place = place;
    this.#options = options;
    this.#reduce = reduce;
    this.#strings = new StringKeeper(options.type);
  }

  get(): ReadonlyState<T> | undefined {
    const value = this.#place.get() as T | undefined;
    return (this.#options.freeze ? freezeState(value) : value) as ReadonlyState<T> | undefined;
  }

  add(value: T): void {
    const old = this.#place.getForChange() as T | undefined;
    if (old === undefined) {
      this.#place.set(this.#options.retain(value));
      return;
    }
    const strings = this.#strings.note(old);
    const reduced = this.#reduce(this.#options.freeze ? freezeState(old) : old, value);
    if (reduced === undefined) throw nothingAnswered("reduce", this.#options.where);
    if (reduced === old) return;
    // The record itself, or a part of it, must not be changed: others see it.
    this.#place.set(
      Object.is(reduced, value) ? this.#options.retain(value) : this.#strings.keep(reduced, strings, false),
    );
  }

  clear(): void {
    this.#place.clear();
  }
}
