import { MillraceError, type Timestamp } from "millrace/internal/state-backend";
import type { RowSetMap } from "../cache/row-set-map.ts";
import type { RowEntry, RowSetCell } from "../cache/row-set.ts";
import type { CurrentKey } from "../state/current-key.ts";
import { RowSetPlace } from "../state/row-set-place.ts";
import type { TimerQueue } from "./timer-queue.ts";
import { timerIndex, type TimerName } from "./timer-rows.ts";
import type { Timer } from "./timer.ts";

/** The timers of one domain: with their keys, to know what is registered, and in a queue. */
export class TimerDomain {
  size = 0;
  /** The number of the next timer. */
  next = 1;
  readonly map: RowSetMap;
  readonly queue: TimerQueue;
  readonly #keys: CurrentKey;
  readonly #place: RowSetPlace;

  constructor(keys: CurrentKey, map: RowSetMap, queue: TimerQueue) {
    this.#keys = keys;
    this.map = map;
    this.queue = queue;
    this.#place = new RowSetPlace(keys, map, false);
  }

  get nextTime(): Timestamp {
    return this.queue.nextTime;
  }

  /** Registers a timer of the current key; the same namespace and time is the same timer. */
  register(namespace: string, time: Timestamp): void {
    if (time !== time)
      throw new MillraceError("STATE_MISUSE", "the time of a timer must be a number, got NaN");
    const index = timerIndex(namespace, time);
    const name = { time, namespace };
    const known = this.#place.find();
    if (known !== undefined && this.map.entry(known, index, name) !== undefined) return;
    const cell = this.#place.forChange();
    cell.next = this.next++;
    const entry = this.map.add(cell, index, name, true, 0);
    this.size++;
    this.queue.add({ time, number: entry.number, key: cell.key, namespace });
  }

  /** Deletes a timer of the current key, if there is such a one. */
  delete(namespace: string, time: Timestamp): void {
    const cell = this.#place.find();
    const entry = cell && this.map.entry(cell, timerIndex(namespace, time), { time, namespace });
    if (cell === undefined || entry === undefined) return;
    // The queue is told first: writing the cell may be what removes the row.
    this.queue.delete(time, entry.number, true);
    this.#remove(cell, entry);
  }

  /** Deletes all timers of the current key. */
  clearKey(): void {
    const cell = this.#place.find();
    if (cell === undefined) return;
    for (const entry of Array.from(this.map.elements(cell))) {
      const { time, namespace } = entry.key as TimerName;
      this.delete(namespace, time);
    }
  }

  /** Takes the first timer that is due out, and makes its key current. */
  takeDue(time: Timestamp): Timer | undefined {
    const timer = this.queue.due(time);
    if (timer === undefined) return undefined;
    this.#keys.select(timer.key);
    const index = timerIndex(timer.namespace, timer.time);
    const cell = this.#place.find();
    const entry = cell && this.map.entry(cell, index, { time: timer.time, namespace: timer.namespace });
    if (cell === undefined || entry === undefined)
      throw new MillraceError("INTERNAL", `the timer of ${timer.time} is not known with its key`);
    this.queue.take(timer, true);
    this.#remove(cell, entry);
    return timer;
  }

  #remove(cell: RowSetCell, entry: RowEntry): void {
    this.map.change(cell);
    this.size--;
    const own = this.map.entry(cell, entry.index, entry.key) ?? entry;
    this.map.remove(cell, own);
    if (own.storedAs < 0) this.queue.rowRemoved(own.number);
    this.#place.settle(cell);
  }
}
