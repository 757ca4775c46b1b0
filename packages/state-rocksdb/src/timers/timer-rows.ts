import type { KeyIndex } from "millrace/internal/state-backend";
import type { ElementRows } from "../cache/row-set-map.ts";
import { RowEntry, type RowSetCell } from "../cache/row-set.ts";
import type { RocksDb } from "../db/rocks-db.ts";
import { KeyReader } from "../rows/read-key.ts";
import { RowKey, Space } from "../rows/row-key.ts";
import type { RowValue } from "../rows/row-value.ts";
import { readSortable, SORTABLE, U48 } from "../rows/sortable.ts";
import type { TimerQueue } from "./timer-queue.ts";

/** What tells the timers of one key apart. */
export interface TimerName {
  readonly time: number;
  readonly namespace: string;
}

/**
 * The rows of timers, two for each: `time | namespace` with its key, which says what is registered (the value is `u48 number`), and one in
 * the order in which they fire (whose value is a zero).
 */
export class TimerRows implements ElementRows {
  readonly #state: number;
  readonly #value: RowValue;
  readonly #queue: TimerQueue;
  readonly #keyGroupOf: (key: unknown) => number;
  readonly #reader = new KeyReader();
  /** Beside the one that is being used for the first row. */
  readonly #order = new RowKey();

  constructor(state: number, value: RowValue, queue: TimerQueue, keyGroupOf: (key: unknown) => number) {
    this.#state = state;
    this.#value = value;
    this.#queue = queue;
    this.#keyGroupOf = keyGroupOf;
  }

  address(row: RowKey, _index: KeyIndex, key: unknown): RowKey {
    const { time, namespace } = key as TimerName;
    return row.sortable(time).key(namespace);
  }

  read(row: { readonly key: Buffer; readonly value: Buffer }, at: number): RowEntry {
    const time = readSortable(row.key, at);
    const namespace = this.#reader.at(row.key, at + SORTABLE).key() as string;
    return this.#entry(timerIndex(namespace, time), { time, namespace }, row.value);
  }

  readKnown(index: KeyIndex, key: unknown, value: Buffer): RowEntry {
    return this.#entry(index, key as TimerName, value);
  }

  put(db: RocksDb, row: RowKey, cell: RowSetCell, entry: RowEntry): void {
    db.put(row.slice, this.#value.begin().u48(entry.number).slice);
    if (entry.storedAs === entry.number) return;
    this.#removeOrder(db, cell, entry);
    const order = this.#orderRow(cell.key, entry.key as TimerName, entry.number);
    db.put(order.slice, this.#value.begin().u8(0).slice);
  }

  remove(db: RocksDb, row: RowKey, cell: RowSetCell, entry: RowEntry): void {
    db.remove(row.slice);
    this.#removeOrder(db, cell, entry);
  }

  #removeOrder(db: RocksDb, cell: RowSetCell, entry: RowEntry): void {
    if (entry.storedAs < 0) return;
    db.remove(this.#orderRow(cell.key, entry.key as TimerName, entry.storedAs).slice);
    this.#queue.rowRemoved(entry.storedAs);
  }

  #orderRow(key: unknown, { time, namespace }: TimerName, number: number): RowKey {
    const row = this.#order.begin(Space.TIMERS).u16(this.#state).sortable(time).u48(number);
    return row.u16(this.#keyGroupOf(key)).key(key).key(namespace);
  }

  #entry(index: KeyIndex, key: TimerName, value: Buffer): RowEntry {
    return new RowEntry(index, key, true, value.readUIntBE(0, U48));
  }
}

/** What a timer is found by among those of its key: a number where there is no namespace, so that the usual case makes no string. */
export function timerIndex(namespace: string, time: number): KeyIndex {
  return namespace === "" ? time : `${time}/${namespace}`;
}
