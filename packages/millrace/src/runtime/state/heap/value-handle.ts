import type { ReadonlyState, ValueState } from "../../../common/state/state.ts";
import { deepCopy } from "../deep-copy.ts";
import { freezeState } from "../freeze-state.ts";
import type { HandleOptions } from "./handle-options.ts";
import type { Place } from "./place.ts";
import { StringKeeper } from "../string-keeper.ts";

/** Value state on a place. Storing undefined is clearing. */
export class ValueHandle<T> implements ValueState<T> {
  readonly #place: Place;
  readonly #options: HandleOptions;
  readonly #freeze: boolean;
  readonly #defaultValue: (() => T) | undefined;
  readonly #strings: StringKeeper;

  constructor(place: Place, options: HandleOptions, defaultValue: (() => T) | undefined) {
    this.#place = place;
    this.#options = options;
    this.#freeze = options.freeze;
    this.#defaultValue = defaultValue;
    this.#strings = new StringKeeper(options.type);
  }

  value(): ReadonlyState<T> | undefined {
    let value = this.#place.get() as T | undefined;
    if (value === undefined && this.#defaultValue !== undefined) value = this.#defaultValue();
    return this.#handOut(value);
  }

  update(value: T): void {
    if (value === undefined) this.#place.clear();
    else this.#place.set(this.#options.own(value));
  }

  mutate(change: (value: T) => void, initial: () => T): ReadonlyState<T> {
    const old = this.#place.getForChange() as T | undefined;
    if (old !== undefined && !this.#freeze) {
      const strings = this.#strings.note(old);
      change(old);
      this.#strings.keep(old, strings, false);
      return old as ReadonlyState<T>;
    }
    const value =
      old === undefined ? (this.#options.own(initial()) as T) : deepCopy(old, this.#options.customs);
    change(value);
    const kept = this.#options.retain(value) as T;
    this.#place.set(kept);
    return this.#handOut(kept);
  }

  clear(): void {
    this.#place.clear();
  }

  #handOut<V extends T | undefined>(value: V): ReadonlyState<V> {
    return (this.#freeze ? freezeState(value) : value) as ReadonlyState<V>;
  }
}
