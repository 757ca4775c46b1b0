import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { StateMeta } from "../../captured-state.ts";
import type { EntryDelta } from "../changes/entry-changes.ts";
import type { StoreDelta } from "../changes/store-delta.ts";
import type { Column } from "../column.ts";
import type { HeapTables } from "../heap-tables.ts";
import type { KeyTable } from "../key-table.ts";
import { ColumnSnapshot } from "./column-snapshot.ts";
import { TablesSnapshot } from "./tables-snapshot.ts";

/** A state of the store, and where it stands. */
export type StateSource =
  | { readonly meta: StateMeta; readonly column: Column }
  | { readonly meta: StateMeta; readonly tables: HeapTables<unknown> };

/** A removed entry, by the state's index in the part. */
export interface RemovedKeys {
  readonly state: number;
  readonly namespace: number | undefined;
  readonly keys: readonly unknown[];
}

/** What a snapshot reads from the store, as of the moment that this is made: from then on changes are noticed. */
export interface SnapshotSources {
  /** Those that have something to be written, by index. */
  readonly metas: readonly StateMeta[];
  readonly columns: readonly { readonly state: number; readonly snapshot: ColumnSnapshot }[];
  readonly tables: readonly { readonly state: number; readonly snapshot: TablesSnapshot }[];
  /** Only of changes. */
  readonly removed: readonly RemovedKeys[];
  readonly dropped: readonly { readonly state: number; readonly namespaces: readonly number[] }[];
  /** About how many keys are looked at. */
  readonly expectedKeys: number;
}

/** @param delta what is to be written; undefined for everything */
export function snapshotSources(
  keys: KeyTable,
  sources: readonly StateSource[],
  delta: StoreDelta | undefined,
  maxParallelism: number,
  now: Timestamp,
): SnapshotSources {
  const builder = new SourcesBuilder(keys, delta, maxParallelism, now);
  for (const source of sources) {
    if ("column" in source) builder.addColumn(source.meta, source.column);
    else builder.addTables(source.meta, source.tables);
  }
  return builder;
}

class SourcesBuilder implements SnapshotSources {
  readonly metas: StateMeta[] = [];
  readonly columns: { readonly state: number; readonly snapshot: ColumnSnapshot }[] = [];
  readonly tables: { readonly state: number; readonly snapshot: TablesSnapshot }[] = [];
  readonly removed: RemovedKeys[] = [];
  readonly dropped: { readonly state: number; readonly namespaces: readonly number[] }[] = [];
  expectedKeys = 0;
  readonly #keys: KeyTable;
  readonly #delta: StoreDelta | undefined;
  readonly #maxParallelism: number;
  readonly #now: Timestamp;

  constructor(keys: KeyTable, delta: StoreDelta | undefined, maxParallelism: number, now: Timestamp) {
    this.#keys = keys;
    this.#delta = delta;
    this.#maxParallelism = maxParallelism;
    this.#now = now;
  }

  addColumn(meta: StateMeta, column: Column): void {
    const delta = this.#delta?.entries.get(column.changes);
    const nothing = this.#delta === undefined ? column.count === 0 : delta === undefined;
    if (nothing) return;
    const state = this.metas.push(meta) - 1;
    const snapshot = new ColumnSnapshot(this.#keys, column, meta, delta?.changed, this.#now);
    this.columns.push({ state, snapshot });
    this.expectedKeys = Math.max(this.expectedKeys, delta?.count ?? this.#keys.keys.length);
    if (delta !== undefined) this.#addRemoved(state, undefined, delta);
  }

  addTables(meta: StateMeta, tables: HeapTables<unknown>): void {
    const all = tables.all();
    const dropped = this.#delta?.dropped.get(tables) ?? [];
    const snapshot = new TablesSnapshot(meta, all, this.#delta, this.#maxParallelism);
    if (snapshot.tables.length === 0 && dropped.length === 0) return;
    const state = this.metas.push(meta) - 1;
    this.tables.push({ state, snapshot });
    if (dropped.length > 0) this.dropped.push({ state, namespaces: dropped });
    for (const { table } of snapshot.tables) {
      const delta = this.#delta?.entries.get(table.changes);
      if (delta !== undefined) this.#addRemoved(state, table.namespace, delta);
    }
  }

  #addRemoved(state: number, namespace: number | undefined, { removed }: EntryDelta): void {
    if (removed.length > 0) this.removed.push({ state, namespace, keys: removed });
  }
}
