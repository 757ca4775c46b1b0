/**
 * Namespace-first state: one table for each window or slice (identified by a number: its start or end in ms), holding a value
 * for each key. Firing scans a table; clean-up drops it whole.
 */
export interface NamespaceTables<V> {
  /** The table, or undefined. Keep it while records fall into the same window: this is a Map lookup. */
  get(namespace: number): NamespaceTable<V> | undefined;
  getOrCreate(namespace: number): NamespaceTable<V>;
  /** Drops the table and all its values. */
  drop(namespace: number): void;
  /** All namespaces, ascending. */
  namespaces(): readonly number[];
}

/** The values of one namespace. Keys are given as user keys; validity was checked by the caller (`keyIndex`). */
export interface NamespaceTable<V> {
  readonly namespace: number;
  readonly size: number;
  /** The value, not to be changed. */
  get(key: unknown): V | undefined;
  /** The value, about to be changed in place: its old image is safe. */
  getForUpdate(key: unknown): V | undefined;
  /** Stores or replaces. The engine's own accumulators need no copying; `value` belongs to the table from now on. */
  put(key: unknown, value: V): void;
  remove(key: unknown): void;
  /** Walks all entries; may be left and resumed. Entries put or removed meanwhile may or may not be seen; others are seen once. */
  scan(): TableScan<V>;
}

/** A resumable walk over a table. */
export interface TableScan<V> {
  /** Moves to the next entry; false at the end. */
  next(): boolean;
  readonly key: unknown;
  readonly value: V;
}
