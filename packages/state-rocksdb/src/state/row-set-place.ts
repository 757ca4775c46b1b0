import type { RowSetMap } from "../cache/row-set-map.ts";
import type { RowSetCell } from "../cache/row-set.ts";
import { CellPlace } from "./cell-place.ts";
import type { CurrentKey } from "./current-key.ts";

/** The collection of the current key (and namespace) in its cell. */
export class RowSetPlace {
  readonly map: RowSetMap;
  readonly #cells: CellPlace<RowSetCell>;

  constructor(keys: CurrentKey, map: RowSetMap, namespaced: boolean) {
    this.map = map;
    this.#cells = new CellPlace(keys, map, namespaced);
  }

  get namespace(): string {
    return this.#cells.namespace;
  }

  set namespace(namespace: string) {
    this.#cells.namespace = namespace;
  }

  /** The cell, if it holds anything. */
  find(): RowSetCell | undefined {
    const cell = this.#cells.find();
    return cell === undefined || cell.count === 0 ? undefined : cell;
  }

  /** The cell, about to be changed; made where there is none. */
  forChange(): RowSetCell {
    const cell =
      this.#cells.find() ??
      this.#cells.create((index, key, namespace) => this.map.create(index, key, namespace));
    this.map.change(cell);
    return cell;
  }

  clear(): void {
    const cell = this.find();
    if (cell === undefined) return;
    this.map.change(cell);
    this.map.removeAll(cell);
    this.settle(cell);
  }

  /** To be called after elements were removed: a cell that holds nothing and has no rows goes. */
  settle(cell: RowSetCell): void {
    if (cell.count > 0 || cell.stored || cell.voided || cell.dirty.length > 0) return;
    this.map.forget(cell);
  }
}
