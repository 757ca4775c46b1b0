import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { CapturedTimer } from "../../captured-state.ts";
import { Column } from "../column.ts";
import type { ChangeTracking } from "../changes/tracking.ts";
import type { KeyTable } from "../key-table.ts";
import type { Timer } from "./timer.ts";
import { TimerLayout, timersOf } from "./timer-layout.ts";
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

  constructor(keys: KeyTable, tracking: ChangeTracking) {
    this.#keys = keys;
    this.column = new Column(keys, new TimerLayout(), tracking);
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
    const stored = this.column.get() as Timer | TimerSet | undefined;
    if (stored === undefined) {
      // A key without id gets one only here, so the timer is made afterwards.
      const id = this.#keys.idOrNew();
      this.column.set(this.#queue.add(id, namespace, time));
    } else if (find(stored, namespace, time) === undefined) {
      this.column.beforeChange(this.#keys.id);
      const timers = joined(stored, this.#queue.add(this.#keys.id, namespace, time));
      if (timers !== stored) this.column.set(timers);
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

  /** Puts timers of the key `id` that a checkpoint holds, as if they had been there all the time. */
  load(id: number, timers: Iterable<CapturedTimer>): void {
    for (const { namespace, time } of timers) {
      const stored = this.column.values[id] as Timer | TimerSet | undefined;
      if (stored === undefined) this.column.load(id, this.#queue.add(id, namespace, time));
      else if (find(stored, namespace, time) === undefined)
        this.column.load(id, joined(stored, this.#queue.add(id, namespace, time)));
    }
  }

  /** Removes all timers of the key `id`. */
  clearAt(id: number): void {
    const stored = this.column.values[id] as Timer | TimerSet | undefined;
    if (stored === undefined) return;
    for (const timer of timersOf(stored)) this.#queue.remove(timer);
    this.column.clearAt(id);
  }

  dispose(): void {
    this.#queue.clear();
  }

  #remove(timer: Timer, stored: Timer | TimerSet): void {
    this.column.beforeChange(timer.id);
    this.#queue.remove(timer);
    if (stored instanceof TimerSet) {
      stored.delete(timer);
      if (stored.size > 0) return;
    }
    this.column.clearAt(timer.id);
  }
}

/** The timers of a key with one more. */
function joined(stored: Timer | TimerSet, timer: Timer): TimerSet {
  if (stored instanceof TimerSet) {
    stored.add(timer);
    return stored;
  }
  const set = new TimerSet();
  set.add(stored);
  set.add(timer);
  return set;
}

function find(stored: Timer | TimerSet, namespace: string, time: Timestamp): Timer | undefined {
  if (stored instanceof TimerSet) return stored.find(namespace, time);
  return isTimer(stored, namespace, time) ? stored : undefined;
}
