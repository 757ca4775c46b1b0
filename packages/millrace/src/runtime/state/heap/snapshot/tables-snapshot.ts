import { hashKey } from "../../../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../../../common/keys/key-groups.ts";
import type { StateMeta } from "../../captured-state.ts";
import type { StoreDelta } from "../changes/store-delta.ts";
import { hasBit, type BitWords } from "../changes/bits.ts";
import type { HeapTable, TableImages } from "../heap-table.ts";
import type { PartRows } from "./part-rows.ts";

/** The tables of one state as of the moment of the barrier. A table that is dropped meanwhile lives on here. */
export class TablesSnapshot {
  readonly meta: StateMeta;
  readonly state: number;
  readonly tables: readonly TableSnapshot[];
  /** About how many entries there are. */
  readonly expected: number;

  /** @param delta what has changed, of which only these entries are taken; undefined for all */
  constructor(
    meta: StateMeta,
    state: number,
    tables: readonly HeapTable<unknown>[],
    delta: StoreDelta | undefined,
    maxParallelism: number,
    rows: PartRows,
  ) {
    this.meta = meta;
    this.state = state;
    const snapshots: TableSnapshot[] = [];
    let expected = 0;
    for (const table of tables) {
      const changed = delta?.entries.get(table.changes);
      if (delta !== undefined && changed === undefined) continue;
      snapshots.push(new TableSnapshot(table, state, changed?.changed, maxParallelism, rows));
      expected += changed?.count ?? table.size;
    }
    this.tables = snapshots;
    this.expected = expected;
  }

  release(): void {
    for (const table of this.tables) table.release();
  }
}

/** One table: written in the order of its positions; what is about to change before its turn is written at once. */
export class TableSnapshot implements TableImages {
  readonly table: HeapTable<unknown>;
  /** Positions that there were. */
  readonly length: number;
  /** Only these positions; undefined for all. */
  readonly selected: BitWords | undefined;
  /** Positions below have been looked at. */
  cursor = 0;
  readonly #state: number;
  readonly #maxParallelism: number;
  readonly #rows: PartRows;
  /** Used for every entry: encoded before the next one. */
  readonly #element = { kind: "element", value: undefined as unknown, time: undefined } as const as {
    kind: "element";
    value: unknown;
    time: undefined;
  };

  constructor(
    table: HeapTable<unknown>,
    state: number,
    selected: BitWords | undefined,
    maxParallelism: number,
    rows: PartRows,
  ) {
    this.table = table;
    this.#state = state;
    this.length = table.keys.length;
    this.selected = selected;
    this.#maxParallelism = maxParallelism;
    this.#rows = rows;
    table.images = this;
  }

  beforeFirstChange(position: number): void {
    if (position < this.cursor || position >= this.length) return;
    if (this.selected !== undefined && !hasBit(this.selected, position)) return;
    const { table } = this;
    const key = table.keys[position];
    this.#element.value = table.values[position];
    this.#rows.putBeforeChange(this.#groupOf(key), this.#state, table.namespace, key, this.#element);
  }

  /** Writes the entry at a position where it still stands as it did; what that counts, 0 where it does not. */
  write(position: number): number {
    const { table } = this;
    if (table.changes.has(position) || !table.isThere(position)) return 0;
    const key = table.keys[position];
    const value: unknown = table.values[position];
    this.#element.value = value;
    this.#rows.put(this.#groupOf(key), this.#state, table.namespace, key, this.#element);
    // Values of tables may be lists of records.
    return Array.isArray(value) ? 1 + value.length : 1;
  }

  release(): void {
    if (this.table.images === this) this.table.images = undefined;
  }

  #groupOf(key: unknown): number {
    return keyGroupOf(hashKey(key), this.#maxParallelism);
  }
}
