import type { AggregateFunction, AggregatingState } from "../../../common/state/state.ts";
import { deepCopy } from "../deep-copy.ts";
import { freezeState } from "../freeze-state.ts";
import { nothingAnswered } from "../nothing-answered.ts";
import type { HandleOptions } from "./handle-options.ts";
import type { Place } from "./place.ts";
import { StringKeeper } from "../string-keeper.ts";

/**
 * Aggregating state on a place: the accumulator, which `add` changes in place.
 *
 * What enters: accumulators of numbers cost nothing. Where one holds long strings (a first, a last, the record with the
 * greatest price), those that an `add` put there are copied. Where accumulators hold large arrays, Maps or Sets, each added
 * value is copied first.
 */
export class AggregatingHandle<In, Acc, Out> implements AggregatingState<In, Out> {
  readonly #place: Place;
  readonly #options: HandleOptions;
  readonly #aggregate: AggregateFunction<In, Acc, Out>;
  readonly #strings: StringKeeper;

  constructor(place: Place, options: HandleOptions, aggregate: AggregateFunction<In, Acc, Out>) {
    this.#place = place;
    this.#options = options;
    this.#aggregate = aggregate;
    this.#strings = new StringKeeper(options.type);
  }

  get(): Out | undefined {
    const accumulator = this.#place.get() as Acc | undefined;
    if (accumulator === undefined) return undefined;
    const result = this.#aggregate.getResult(accumulator);
    // The accumulator itself would change under whoever got it.
    const own = Object.is(result, accumulator) ? deepCopy(result, this.#options.customs) : result;
    // A part of it must be one that `add` replaces, and does not change: in tests, such an `add` throws.
    return this.#options.freeze ? freezeState(own) : own;
  }

  add(value: In): void {
    const old = this.#place.getForChange() as Acc | undefined;
    const accumulator = old === undefined ? this.#aggregate.createAccumulator() : old;
    const strings = this.#strings.note(accumulator);
    const added = this.#strings.isDeep ? (this.#options.retainInput(value) as In) : value;
    const result = this.#strings.keep(this.#aggregate.add(accumulator, added), strings, old === undefined);
    if (result === undefined) throw nothingAnswered("add", this.#options.where);
    if (result !== old) this.#place.set(result);
  }

  clear(): void {
    this.#place.clear();
  }
}
