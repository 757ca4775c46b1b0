import type { NamespaceTable, NamespaceTables } from "../namespace-tables.ts";
import { HeapTable, type TableImages } from "./heap-table.ts";

/** The tables of one state, by namespace. */
export class HeapTables<V> implements NamespaceTables<V> {
  readonly #images: TableImages;
  readonly #tables = new Map<number, HeapTable<V>>();

  constructor(images: TableImages) {
    this.#images = images;
  }

  get(namespace: number): NamespaceTable<V> | undefined {
    return this.#tables.get(namespace);
  }

  getOrCreate(namespace: number): NamespaceTable<V> {
    let table = this.#tables.get(namespace);
    if (table === undefined) {
      table = new HeapTable(namespace, this.#images);
      this.#tables.set(namespace, table);
    }
    return table;
  }

  drop(namespace: number): void {
    this.#tables.delete(namespace);
  }

  namespaces(): readonly number[] {
    return [...this.#tables.keys()].sort((a, b) => a - b);
  }

  /** All tables, as they are now. */
  all(): readonly HeapTable<V>[] {
    return [...this.#tables.values()];
  }

  clear(): void {
    this.#tables.clear();
  }
}
