import { isExpired, TtlCell, type TtlPolicy } from "millrace/internal/state-backend";
import type { ElementCell, ElementMap } from "../cache/element-map.ts";
import type { RowSetMap } from "../cache/row-set-map.ts";
import type { RowSetCell } from "../cache/row-set.ts";
import type { WriteBack } from "../cache/write-back.ts";
import type { RowSweep } from "./row-sweep.ts";

/** Cleans up what is past its time to live, a little with each access of the state. */
export interface Sweeper {
  /** Looks at about so many more elements. */
  step(count: number, now: number): void;
}

/** Walks round and round over the cells in memory, and has the rows looked at, too, where there are more of them. */
abstract class CellSweeper<C extends ElementCell | RowSetCell> implements Sweeper {
  readonly #map: {
    readonly cells: ReadonlyMap<unknown, C>;
    readonly complete: boolean;
    isCurrent(cell: C): boolean;
  };
  readonly #rows: RowSweep;
  #hand: Iterator<C> | undefined;

  constructor(
    map: { readonly cells: ReadonlyMap<unknown, C>; readonly complete: boolean; isCurrent(cell: C): boolean },
    rows: RowSweep,
  ) {
    this.#map = map;
    this.#rows = rows;
  }

  step(count: number, now: number): void {
    if (count <= 0) return;
    for (let i = Math.min(count, this.#map.cells.size); i > 0; i--) {
      this.#hand ??= this.#map.cells.values();
      const { done, value } = this.#hand.next();
      if (done === true) this.#hand = undefined;
      else this.expire(value, now);
    }
    if (!this.#map.complete) this.#rows.owe(count, now);
  }

  protected abstract expire(cell: C, now: number): void;
}

/** The clean-up of values and accumulators. */
export class ElementSweeper extends CellSweeper<ElementCell> {
  readonly #map: ElementMap;
  readonly #policy: TtlPolicy;
  readonly #writeBack: WriteBack;

  constructor(map: ElementMap, policy: TtlPolicy, writeBack: WriteBack, rows: RowSweep) {
    super(map, rows);
    this.#map = map;
    this.#policy = policy;
    this.#writeBack = writeBack;
  }

  protected override expire(cell: ElementCell, now: number): void {
    const { value } = cell;
    if (!(value instanceof TtlCell) || !isExpired(value, this.#policy, now)) return;
    this.#writeBack.change(cell);
    cell.value = undefined;
    if (cell.stored) return;
    this.#writeBack.forget(cell);
    this.#map.drop(cell);
  }
}

/** The clean-up of lists and maps. */
export class RowSetSweeper extends CellSweeper<RowSetCell> {
  readonly #map: RowSetMap;
  readonly #policy: TtlPolicy;

  constructor(map: RowSetMap, policy: TtlPolicy, rows: RowSweep) {
    super(map, rows);
    this.#map = map;
    this.#policy = policy;
  }

  protected override expire(cell: RowSetCell, now: number): void {
    this.#map.expire(cell, now, this.#policy);
  }
}
