import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { StateMeta } from "../../captured-state.ts";
import type { EntryDelta } from "../changes/entry-changes.ts";
import type { StoreDelta } from "../changes/store-delta.ts";
import type { Column } from "../column.ts";
import type { HeapTables } from "../heap-tables.ts";
import type { KeyTable } from "../key-table.ts";
import type { PartRows } from "./part-rows.ts";
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
  readonly columns: readonly ColumnSnapshot[];
  readonly tables: readonly TablesSnapshot[];
  /** Only of changes. */
  readonly removed: readonly RemovedKeys[];
  readonly dropped: readonly { readonly state: number; readonly namespaces: readonly number[] }[];
  /** About how many entries are written. */
  readonly expected: number;
}

/** What all of them have in common. */
export interface SourcesContext {
  readonly keys: KeyTable;
  /** What is to be written; undefined for everything. */
  readonly delta: StoreDelta | undefined;
  readonly maxParallelism: number;
  readonly now: Timestamp;
  readonly rows: PartRows;
}

export function snapshotSources(context: SourcesContext, sources: readonly StateSource[]): SnapshotSources {
  const builder = new SourcesBuilder(context);
  for (const source of sources) {
    if ("column" in source) builder.addColumn(source.meta, source.column);
    else builder.addTables(source.meta, source.tables);
  }
  return builder;
}

class SourcesBuilder implements SnapshotSources {
  readonly metas: StateMeta[] = [];
  readonly columns: ColumnSnapshot[] = [];
  readonly tables: TablesSnapshot[] = [];
  readonly removed: RemovedKeys[] = [];
  readonly dropped: { readonly state: number; readonly namespaces: readonly number[] }[] = [];
  expected = 0;
  readonly #context: SourcesContext;

  constructor(context: SourcesContext) {
    this.#context = context;
  }

  addColumn(meta: StateMeta, column: Column): void {
    const { keys, delta: all, now, rows } = this.#context;
    const delta = all?.entries.get(column.changes);
    const nothing = all === undefined ? column.count === 0 : delta === undefined;
    if (nothing) return;
    const state = this.metas.push(meta) - 1;
    this.columns.push(new ColumnSnapshot(keys, column, meta, state, delta?.changed, now, rows));
    this.expected += delta?.count ?? column.count;
    if (delta !== undefined) this.#addRemoved(state, undefined, delta);
  }

  addTables(meta: StateMeta, tables: HeapTables<unknown>): void {
    const { delta: all, maxParallelism, rows } = this.#context;
    const dropped = all?.dropped.get(tables) ?? [];
    const state = this.metas.length;
    const snapshot = new TablesSnapshot(meta, state, tables.all(), all, maxParallelism, rows);
    if (snapshot.tables.length === 0 && dropped.length === 0) return;
    this.metas.push(meta);
    this.tables.push(snapshot);
    this.expected += snapshot.expected;
    if (dropped.length > 0) this.dropped.push({ state, namespaces: dropped });
    for (const { table } of snapshot.tables) {
      const delta = all?.entries.get(table.changes);
      if (delta !== undefined) this.#addRemoved(state, table.namespace, delta);
    }
  }

  #addRemoved(state: number, namespace: number | undefined, { removed }: EntryDelta): void {
    if (removed.length > 0) this.removed.push({ state, namespace, keys: removed });
  }
}
