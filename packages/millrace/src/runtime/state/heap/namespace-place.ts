import type { Column } from "./column.ts";
import { NamespaceCells } from "./namespace-cells.ts";
import type { Place } from "./place.ts";

/** The state of the current key in one namespace. */
export class NamespacePlace implements Place {
  namespace = "";
  readonly #column: Column;

  constructor(column: Column) {
    this.#column = column;
  }

  get(): unknown {
    return (this.#column.get() as NamespaceCells | undefined)?.get(this.namespace);
  }

  getForChange(): unknown {
    return (this.#column.getForChange() as NamespaceCells | undefined)?.get(this.namespace);
  }

  set(stored: unknown): void {
    let cells = this.#column.getForChange() as NamespaceCells | undefined;
    if (cells === undefined) {
      cells = new NamespaceCells();
      this.#column.set(cells);
    }
    cells.set(this.namespace, stored);
  }

  clear(): void {
    const cells = this.#column.getForChange() as NamespaceCells | undefined;
    if (cells === undefined) return;
    cells.delete(this.namespace);
    if (cells.size === 0) this.#column.clear();
  }
}
