import type { NamespaceTable, NamespaceTables } from "millrace/internal/state-backend";
import type { WriteBack } from "../cache/write-back.ts";
import { RocksTable } from "./rocks-table.ts";
import type { TableStorage } from "./table-storage.ts";

/** The tables of one state, by namespace. */
export class RocksTables<V> implements NamespaceTables<V> {
  readonly storage: TableStorage;
  readonly #writeBack: WriteBack;
  readonly #tables = new Map<number, RocksTable<V>>();

  constructor(storage: TableStorage, writeBack: WriteBack) {
    this.storage = storage;
    this.#writeBack = writeBack;
  }

  get(namespace: number): NamespaceTable<V> | undefined {
    return this.#tables.get(namespace);
  }

  getOrCreate(namespace: number): RocksTable<V> {
    let table = this.#tables.get(namespace);
    if (table === undefined) {
      const { id, map } = this.storage.create();
      table = new RocksTable(namespace, id, map, this.#writeBack);
      this.#tables.set(namespace, table);
    }
    return table;
  }

  drop(namespace: number): void {
    const table = this.#tables.get(namespace);
    if (table === undefined) return;
    this.#tables.delete(namespace);
    this.storage.drop(table.id, table.map);
  }

  namespaces(): readonly number[] {
    return [...this.#tables.keys()].sort((a, b) => a - b);
  }

  /** All tables, as they are now. */
  all(): readonly RocksTable<V>[] {
    return [...this.#tables.values()];
  }

  /** Forgets all tables, for the end. */
  clear(): void {
    for (const table of this.#tables.values()) table.map.clear();
    this.#tables.clear();
  }

  /** A table whose rows are there. */
  restore(namespace: number, id: number, size: number): void {
    this.#tables.set(
      namespace,
      new RocksTable(namespace, id, this.storage.restore(id), this.#writeBack, size),
    );
  }
}
