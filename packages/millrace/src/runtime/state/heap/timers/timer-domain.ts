import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import { Column } from "../column.ts";
import type { KeyTable } from "../key-table.ts";
import type { Timer } from "./timer.ts";
import { TimerLayout } from "./timer-layout.ts";
import { TimerQueue } from "./timer-queue.ts";
import { isTimer, TimerSet } from "./timer-set.ts";

/**
 * The timers of one domain: in a queue by time, and with their keys in a column, which says what is registered already and is
 * captured with the rest of the key's state.
 */
export class TimerDomain {
  readonly column: Column;
  readonly #keys: KeyTable;
  readonly #queue = new TimerQueue();

  constructor(keys: KeyTable) {
    this.#keys = keys;
    this.column = new Column(keys, new TimerLayout());
  }

  get size(): number {
    return this.#queue.size;
  }

  /** The earliest time, or Infinity. */
  get nextTime(): Timestamp {
    return this.#queue.nextTime;
  }

  /** Registers a timer of the current key; the same namespace and time is the same timer. */
  register(namespace: string, time: Timestamp): void {
    if (time !== time)
      throw new MillraceError("STATE_MISUSE", "the time of a timer must be a number, got NaN");
    const stored = this.column.getForChange() as Timer | TimerSet | undefined;
    if (stored === undefined) {
      // A key without id gets one only here, so the timer is made afterwards.
      const id = this.#keys.idForChange();
      this.column.set(this.#queue.add(id, namespace, time));
    } else if (find(stored, namespace, time) === undefined) {
      this.#add(stored, this.#queue.add(this.#keys.id, namespace, time));
    }
  }

  /** Deletes a timer of the current key, if there is such a one. */
  delete(namespace: string, time: Timestamp): void {
    const stored = this.column.get() as Timer | TimerSet | undefined;
    if (stored === undefined) return;
    const timer = find(stored, namespace, time);
    if (timer !== undefined) this.#remove(timer, stored);
  }

  /**
   * Takes the first timer that is due out, and makes its key current. The caller calls `settle` with it when it has fired.
   */
  takeDue(time: Timestamp): Timer | undefined {
    const timer = this.#queue.due(time);
    if (timer === undefined) return undefined;
    this.#keys.selectId(timer.id);
    // Held while it fires, so that a key that has nothing but this timer is not removed and added again.
    this.#keys.occupy(timer.id);
    this.#remove(timer, this.column.values[timer.id] as Timer | TimerSet);
    return timer;
  }

  /** A taken timer has fired. */
  settle(timer: Timer): void {
    this.#keys.vacate(timer.id);
  }

  dispose(): void {
    this.#queue.clear();
  }

  #add(stored: Timer | TimerSet, timer: Timer): void {
    if (stored instanceof TimerSet) {
      stored.add(timer);
      return;
    }
    const set = new TimerSet();
    set.add(stored);
    set.add(timer);
    this.column.set(set);
  }

  #remove(timer: Timer, stored: Timer | TimerSet): void {
    this.#keys.beforeChange(timer.id);
    this.#queue.remove(timer);
    if (stored instanceof TimerSet) {
      stored.delete(timer);
      if (stored.size > 0) return;
    }
    this.column.clearAt(timer.id);
  }
}

function find(stored: Timer | TimerSet, namespace: string, time: Timestamp): Timer | undefined {
  if (stored instanceof TimerSet) return stored.find(namespace, time);
  return isTimer(stored, namespace, time) ? stored : undefined;
}
