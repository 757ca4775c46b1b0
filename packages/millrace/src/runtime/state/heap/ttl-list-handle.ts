import type { ListState, ReadonlyState } from "../../../common/state/state.ts";
import type { Column } from "./column.ts";
import { freezeState } from "../freeze-state.ts";
import type { HandleOptions } from "./handle-options.ts";
import type { KeyTable } from "./key-table.ts";
import type { Place } from "./place.ts";
import { isExpired, TtlCell, type TtlPolicy } from "./ttl.ts";

/** List state whose elements have a time to live, each its own. */
export class TtlListHandle<T> implements ListState<T> {
  readonly #place: Place;
  readonly #column: Column;
  readonly #keys: KeyTable;
  readonly #options: HandleOptions;
  readonly #policy: TtlPolicy;

  constructor(place: Place, column: Column, keys: KeyTable, options: HandleOptions, policy: TtlPolicy) {
    this.#place = place;
    this.#column = column;
    this.#keys = keys;
    this.#options = options;
    this.#policy = policy;
  }

  get size(): number {
    return this.#cells(false).length;
  }

  get(): Iterable<ReadonlyState<T>> {
    const values = this.#cells(this.#policy.touchOnRead).map((cell) => cell.value as ReadonlyState<T>);
    return this.#options.freeze ? freezeState(values) : values;
  }

  add(value: T): void {
    const cell = this.#cell(value);
    const cells = this.#place.getForChange() as TtlCell[] | undefined;
    if (cells === undefined) this.#place.set([cell]);
    else cells.push(cell);
    this.#column.sweep(this.#policy.cleanupPerAccess, this.#keys.now());
  }

  addAll(values: Iterable<T>): void {
    for (const value of values) this.add(value);
  }

  update(values: Iterable<T>): void {
    this.#store(Array.from(values, (value) => this.#cell(value)));
  }

  clear(): void {
    this.#place.clear();
  }

  /** The cells that may be handed out. Those past their time are dropped, even if they are handed out once more. */
  #cells(touch: boolean): readonly TtlCell[] {
    const now = this.#keys.now();
    const all = (this.#place.get() as readonly TtlCell[] | undefined) ?? [];
    const left = all.filter((cell) => !isExpired(cell, this.#policy, now));
    if (touch && left.length > 0) this.#store(left.map((cell) => new TtlCell(cell.value, now)));
    else if (left.length < all.length) this.#store(left);
    this.#column.sweep(this.#policy.cleanupPerAccess, now);
    return this.#policy.returnExpired ? all : left;
  }

  #store(cells: readonly TtlCell[]): void {
    if (cells.length === 0) this.#place.clear();
    else this.#place.set(cells);
  }

  #cell(value: T): TtlCell {
    return new TtlCell(this.#options.retain(value), this.#keys.now());
  }
}
