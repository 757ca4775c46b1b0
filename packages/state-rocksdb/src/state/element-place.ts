import type { Place } from "millrace/internal/state-backend";
import type { ElementCell, ElementMap } from "../cache/element-map.ts";
import type { WriteBack } from "../cache/write-back.ts";
import { CellPlace } from "./cell-place.ts";
import type { CurrentKey } from "./current-key.ts";

/** The value of the current key (and namespace) in its cell. */
export class ElementPlace implements Place {
  readonly #cells: CellPlace<ElementCell>;
  readonly #map: ElementMap;
  readonly #writeBack: WriteBack;

  constructor(keys: CurrentKey, map: ElementMap, writeBack: WriteBack, namespaced: boolean) {
    this.#cells = new CellPlace(keys, map, namespaced);
    this.#map = map;
    this.#writeBack = writeBack;
  }

  get namespace(): string {
    return this.#cells.namespace;
  }

  set namespace(namespace: string) {
    this.#cells.namespace = namespace;
  }

  get(): unknown {
    return this.#cells.find()?.value;
  }

  getForChange(): unknown {
    const cell = this.#cells.find();
    if (cell === undefined || cell.value === undefined) return undefined;
    this.#writeBack.change(cell);
    return cell.value;
  }

  set(stored: unknown): void {
    const cell = this.#cells.peek() ?? this.#create(stored);
    this.#writeBack.change(cell);
    cell.value = stored;
  }

  clear(): void {
    const cell = this.#cells.find();
    if (cell === undefined || cell.value === undefined) return;
    this.#writeBack.change(cell);
    cell.value = undefined;
    if (cell.stored) return;
    this.#writeBack.forget(cell);
    this.#map.drop(cell);
  }

  #create(stored: unknown): ElementCell {
    const { unread } = this.#cells;
    const cell = this.#cells.create((index, key, namespace) =>
      this.#map.create(index, key, namespace, stored),
    );
    // What may be there is replaced, so it need not be read.
    cell.stored = unread;
    return cell;
  }
}
