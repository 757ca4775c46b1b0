import type { NamespaceTable, NamespaceTables } from "../namespace-tables.ts";
import type { KeyKindGuard } from "../restore/key-kind-guard.ts";
import type { ChangeTracking } from "./changes/tracking.ts";
import { HeapTable } from "./heap-table.ts";

/** The tables of one state, by namespace. */
export class HeapTables<V> implements NamespaceTables<V> {
  readonly #tracking: ChangeTracking;
  readonly #guard: KeyKindGuard;
  readonly #tables = new Map<number, HeapTable<V>>();
  /** Tables that came since the last snapshot began: incremental checkpoints need not say that they went. */
  #added = new Set<HeapTable<V>>();
  /** Namespaces of tables that were there at that time and went. */
  #dropped: number[] = [];

  constructor(tracking: ChangeTracking, guard: KeyKindGuard) {
    this.#tracking = tracking;
    this.#guard = guard;
  }

  get(namespace: number): NamespaceTable<V> | undefined {
    return this.#tables.get(namespace);
  }

  getOrCreate(namespace: number): NamespaceTable<V> {
    let table = this.#tables.get(namespace);
    if (table === undefined) {
      table = new HeapTable(namespace, this.#tracking, this.#guard);
      this.#tables.set(namespace, table);
      if (this.#tracking.on) this.#added.add(table);
    }
    return table;
  }

  drop(namespace: number): void {
    const table = this.#tables.get(namespace);
    if (table === undefined) return;
    this.#tables.delete(namespace);
    if (!this.#tracking.on || this.#added.delete(table)) return;
    this.#dropped.push(namespace);
    this.#tracking.spend();
  }

  namespaces(): readonly number[] {
    return [...this.#tables.keys()].sort((a, b) => a - b);
  }

  /** The table that a checkpoint holds, as if it had been there all the time. */
  load(namespace: number): HeapTable<V> {
    let table = this.#tables.get(namespace);
    if (table === undefined) {
      table = new HeapTable(namespace, this.#tracking, this.#guard);
      this.#tables.set(namespace, table);
    }
    return table;
  }

  /** All tables, as they are now. */
  all(): readonly HeapTable<V>[] {
    return [...this.#tables.values()];
  }

  /** Entries of all tables. */
  get size(): number {
    let size = 0;
    for (const table of this.#tables.values()) size += table.size;
    return size;
  }

  /** A snapshot begins: hands over the namespaces that were dropped since the one before. */
  cut(): readonly number[] {
    const dropped = this.#dropped;
    this.#dropped = [];
    this.#added = new Set();
    return dropped;
  }

  clear(): void {
    this.#tables.clear();
  }
}
