import type { Timestamp } from "../../../../common/time/timestamps.ts";
import { LargeMap } from "../large-map.ts";
import { MinHeap } from "./min-heap.ts";
import type { Timer } from "./timer.ts";
import { TimerGroup } from "./timer-group.ts";

/** Milliseconds of a group. */
const GROUP = 1024;
/** Empty groups that the heap may hold beyond half of it. */
const SLACK = 64;

/**
 * Timers of one domain in the order they fire: by time, then by registration. Timers of the same time stand in a list, so that a
 * million of them cost no ordering at all, and deleting one is unlinking it. Times are ordered in two steps, about a second at a
 * time, so that what is ordered is small and warm, however many timers wait.
 */
export class TimerQueue {
  size = 0;
  readonly #groups = new LargeMap<number, TimerGroup>();
  readonly #heap = new MinHeap<TimerGroup>();
  /** The group that was used last: the next timer is often near. */
  #last: TimerGroup | undefined;

  /** The earliest time, or Infinity. */
  get nextTime(): Timestamp {
    return this.#first()?.bucket.time ?? Infinity;
  }

  add(id: number, namespace: string, time: Timestamp): Timer {
    const number = Math.floor(time / GROUP);
    const group = this.#group(number) ?? this.#addGroup(number);
    this.size++;
    return group.add(id, namespace, time);
  }

  remove(timer: Timer): void {
    const number = Math.floor(timer.bucket.time / GROUP);
    const group = this.#group(number)!;
    this.size--;
    group.remove(timer);
    if (group.live > 0) return;
    this.#groups.delete(number);
    this.#last = undefined;
    if (this.#heap.size > 2 * this.#groups.size + SLACK) this.#heap.filter((each) => each.live > 0);
  }

  /** The timer that fires first, if it is due at `time`. */
  due(time: Timestamp): Timer | undefined {
    const first = this.#first();
    return first !== undefined && first.bucket.time <= time ? first : undefined;
  }

  clear(): void {
    this.#groups.clear();
    this.#heap.filter(() => false);
    this.#last = undefined;
    this.size = 0;
  }

  #first(): Timer | undefined {
    for (let top = this.#heap.top; top !== undefined; top = this.#heap.top) {
      if (top.live > 0) return top.first();
      this.#heap.pop();
    }
    return undefined;
  }

  #group(number: number): TimerGroup | undefined {
    if (this.#last?.time === number) return this.#last;
    const group = this.#groups.get(number);
    if (group !== undefined) this.#last = group;
    return group;
  }

  #addGroup(number: number): TimerGroup {
    const group = new TimerGroup(number);
    this.#groups.set(number, group);
    this.#heap.push(group);
    this.#last = group;
    return group;
  }
}
