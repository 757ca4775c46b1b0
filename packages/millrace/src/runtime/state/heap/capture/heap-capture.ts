import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { CapturedEntry, CapturedState, StateMeta } from "../../captured-state.ts";
import type { KeyedStateCapture } from "../../keyed-capture.ts";
import type { KeyGroupRange } from "../../keyed-state.ts";
import { NO_CUSTOMS } from "../../deep-copy.ts";
import type { Column } from "../column.ts";
import type { HeapTable, TableImageTaker } from "../heap-table.ts";
import type { HeapTables } from "../heap-tables.ts";
import type { KeyTable } from "../key-table.ts";
import { GroupSort } from "./group-sort.ts";
import { KeyImages } from "./key-images.ts";
import { TableCapture } from "./table-capture.ts";

/** A state of the store, and where it stands. */
export type CaptureSource =
  | { readonly meta: StateMeta; readonly column: Column }
  | { readonly meta: StateMeta; readonly tables: HeapTables<unknown> };

/** What a capture is made of. */
export interface HeapCaptureParts {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly keys: KeyTable;
  readonly sources: readonly CaptureSource[];
  readonly watermark: (keyGroup: number) => Timestamp;
  readonly onRelease: () => void;
}

/** State on the heap as of the moment this was made: from then on changes are noticed. */
export class HeapCapture implements KeyedStateCapture, TableImageTaker {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly states: readonly StateMeta[];
  readonly images: KeyImages;
  readonly watermark: (keyGroup: number) => Timestamp;
  readonly #keys: KeyTable;
  readonly #sort: GroupSort;
  /** Columns, and their index among the states. */
  readonly #columns: readonly Column[];
  readonly #columnStates: readonly number[];
  readonly #tables = new Map<HeapTable<unknown>, TableCapture>();
  readonly #tableStates = new Map<TableCapture, number>();
  #unprepared: readonly { advance(limit: number): boolean }[];
  readonly #onRelease: () => void;

  constructor(parts: HeapCaptureParts) {
    const { keys, sources } = parts;
    this.maxParallelism = parts.maxParallelism;
    this.keyGroups = parts.keyGroups;
    this.states = sources.map(({ meta }) => meta);
    this.watermark = parts.watermark;
    this.#onRelease = parts.onRelease;
    this.#keys = keys;
    keys.changed.clear();
    this.#sort = new GroupSort(keys.keyGroups.slice(0, keys.keys.length), parts.keyGroups);
    this.#columnStates = sources.flatMap((source, i) => ("column" in source ? [i] : []));
    this.#columns = sources.flatMap((source) => ("column" in source ? [source.column] : []));
    this.images = new KeyImages(keys, this.#columns);
    sources.forEach((source, i) => {
      if ("tables" in source) this.#addTables(source.tables, source.meta, i);
    });
    const tables = [...this.#tables.values()];
    this.#unprepared = [
      this.#sort,
      ...tables.map((table) => ({ advance: (limit: number) => table.prepare(limit) })),
    ];
  }

  beforeFirstTableChange(table: HeapTable<unknown>, position: number, inPlace: boolean): void {
    this.#tables.get(table)?.beforeFirstChange(position, inPlace);
  }

  prepare(limit: number): boolean {
    const [next, ...others] = this.#unprepared;
    if (next === undefined) return true;
    if (next.advance(limit)) this.#unprepared = others;
    return this.#unprepared.length === 0;
  }

  *read(keyGroup: number): Generator<CapturedEntry> {
    for (const id of this.#sort.positions(keyGroup)) yield* this.#readKey(id);
    for (const [table, state] of this.#tableStates) {
      const { namespace } = table.table;
      for (const [key, value] of table.read(keyGroup)) {
        yield { key, state, namespace, value: { kind: "element", value, time: undefined } };
      }
    }
  }

  release(): void {
    this.images.dropAll();
    this.#tables.clear();
    this.#onRelease();
  }

  *#readKey(id: number): Generator<CapturedEntry> {
    const keys = this.#keys;
    // Added after the capture had begun, or free.
    if (this.images.get(id) === undefined && (keys.changed.has(id) || keys.keys[id] === undefined)) return;
    const key = this.images.get(id)?.key ?? keys.keys[id];
    for (let i = 0; i < this.#columns.length; i++) {
      // The key may change between two entries: then the rest comes from its image.
      const value = this.#stateOf(id, i);
      if (value !== undefined) yield { key, state: this.#columnStates[i]!, namespace: undefined, value };
    }
    this.images.markRead(id);
  }

  #stateOf(id: number, column: number): CapturedState | undefined {
    const image = this.images.get(id);
    if (image !== undefined) return image.states[column];
    const { layout, values } = this.#columns[column]!;
    const stored = values[id];
    return stored === undefined ? undefined : layout.capture(stored);
  }

  #addTables(tables: HeapTables<unknown>, meta: StateMeta, state: number): void {
    for (const table of tables.all()) {
      const customs = meta.type?.customs ?? NO_CUSTOMS;
      const capture = new TableCapture(table, customs, this.maxParallelism, this.keyGroups);
      this.#tables.set(table, capture);
      this.#tableStates.set(capture, state);
    }
  }
}
