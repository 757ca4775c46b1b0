import type { Timestamp } from "millrace/internal/state-backend";
import type { WriteBack } from "../cache/write-back.ts";
import type { RocksDb } from "../db/rocks-db.ts";
import { KeyReader } from "../rows/read-key.ts";
import { after, RowKey, Space } from "../rows/row-key.ts";
import { readSortable, SORTABLE, U48 } from "../rows/sortable.ts";
import { TimerHeap } from "./timer-heap.ts";
import { isBefore, type Timer } from "./timer.ts";

/** Rows that are read at a time. */
const BATCH = 512;
/** Deleted timers that may wait in the heap beyond half of it. */
const SLACK = 64;

/**
 * The timers of one domain in the order they fire. All have rows, sooner or later; in memory are those before a *horizon*, and those that
 * were registered beyond it since. The rows from the horizon on are read when those before it have fired.
 */
export class TimerQueue {
  readonly #db: RocksDb;
  readonly #writeBack: WriteBack;
  readonly #state: number;
  /** Timers in memory from which on those far ahead have to go. */
  readonly #limit: number;
  readonly #heap = new TimerHeap();
  /** undefined: all timers are in memory. */
  #horizon: { readonly time: Timestamp; readonly number: number } | undefined;
  /** Numbers of timers in memory from the horizon on. */
  readonly #beyond = new Set<number>();
  /** Numbers of deleted timers that are still in the heap. */
  readonly #gone = new Set<number>();
  /** Numbers of timers that are no more, but whose rows are still there. */
  readonly #unremoved = new Set<number>();

  constructor(db: RocksDb, writeBack: WriteBack, state: number, limit: number) {
    this.#db = db;
    this.#writeBack = writeBack;
    this.#state = state;
    this.#limit = limit;
  }

  /** Timers in memory; for tests. */
  get resident(): number {
    return this.#heap.size;
  }

  /** From now on there are rows that were not read. */
  restored(): void {
    this.#horizon = { time: -Infinity, number: 0 };
  }

  add(timer: Timer): void {
    const horizon = this.#horizon;
    if (horizon !== undefined && !isBefore(timer, horizon.time, horizon.number))
      this.#beyond.add(timer.number);
    this.#heap.push(timer);
    if (this.#heap.size > this.#limit) this.#shrink();
  }

  /** The timer was deleted. @param stored whether it has a row */
  delete(time: Timestamp, number: number, stored: boolean): void {
    if (stored) this.#unremoved.add(number);
    const horizon = this.#horizon;
    const here = horizon === undefined || this.#beyond.has(number) || isEarlier(time, number, horizon);
    if (!here) return;
    this.#gone.add(number);
    if (this.#gone.size > this.#heap.size / 2 + SLACK) this.#compact();
  }

  /** The row of a timer is gone. */
  rowRemoved(number: number): void {
    this.#unremoved.delete(number);
  }

  /** The timer that fires first, if it is due at `time`. */
  due(time: Timestamp): Timer | undefined {
    for (;;) {
      const top = this.#first();
      const horizon = this.#horizon;
      if (top !== undefined && (horizon === undefined || isBefore(top, horizon.time, horizon.number)))
        return top.time <= time ? top : undefined;
      if (horizon === undefined || horizon.time > time) return undefined;
      this.#read(horizon);
    }
  }

  /** Takes out what `due` answered. @param stored whether it has a row */
  take(timer: Timer, stored: boolean): void {
    this.#heap.pop();
    this.#beyond.delete(timer.number);
    if (stored) this.#unremoved.add(timer.number);
  }

  /** The earliest time, or Infinity. */
  get nextTime(): Timestamp {
    return this.due(Infinity)?.time ?? Infinity;
  }

  #first(): Timer | undefined {
    let { top } = this.#heap;
    while (top !== undefined && this.#gone.delete(top.number)) {
      this.#heap.pop();
      this.#beyond.delete(top.number);
      top = this.#heap.top;
    }
    return top;
  }

  /** Reads the next rows from the horizon on, and moves it behind them. */
  #read({ time, number }: { readonly time: Timestamp; readonly number: number }): void {
    const from = new RowKey().begin(Space.TIMERS).u16(this.#state).sortable(time).u48(number).copy();
    const cursor = this.#db.scan(from, after(from.subarray(0, 3)));
    const reader = new KeyReader();
    this.#horizon = undefined;
    for (let i = 0; cursor.next(); i++) {
      const row = cursor.key;
      const rowTime = readSortable(row, 3);
      const rowNumber = row.readUIntBE(3 + SORTABLE, U48);
      if (i === BATCH) {
        this.#horizon = { time: rowTime, number: rowNumber };
        cursor.close();
        return;
      }
      if (this.#unremoved.has(rowNumber) || this.#beyond.has(rowNumber)) continue;
      reader.at(row, 5 + SORTABLE + U48);
      const key = reader.key();
      this.#heap.push({ time: rowTime, number: rowNumber, key, namespace: reader.key() as string });
    }
    this.#beyond.clear();
  }

  /** Lets go of the later half: its rows are there, once all that has changed is written. */
  #shrink(): void {
    if (this.#writeBack.held) return;
    this.#writeBack.writeAll();
    const timers = this.#heap.drain().filter(({ number }) => !this.#gone.delete(number));
    const half = timers[timers.length >> 1];
    for (const timer of timers) {
      if (half === undefined || timer === half) break;
      this.#heap.push(timer);
    }
    const horizon = this.#horizon;
    this.#beyond.clear();
    if (half === undefined) return;
    // Timers in memory beyond the former horizon are beyond the new one, too, or before it and all there.
    if (horizon === undefined || !isEarlier(horizon.time, horizon.number, half))
      this.#horizon = { time: half.time, number: half.number };
    else this.#keepBefore(horizon);
  }

  #keepBefore({ time, number }: { readonly time: Timestamp; readonly number: number }): void {
    this.#heap.filter((timer) => isBefore(timer, time, number));
  }

  #compact(): void {
    this.#heap.filter(({ number }) => {
      if (!this.#gone.delete(number)) return true;
      this.#beyond.delete(number);
      return false;
    });
    this.#gone.clear();
  }
}

function isEarlier(
  time: Timestamp,
  number: number,
  than: { readonly time: Timestamp; readonly number: number },
): boolean {
  return time < than.time || (time === than.time && number < than.number);
}
