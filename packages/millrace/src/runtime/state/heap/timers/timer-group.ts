import type { Timestamp } from "../../../../common/time/timestamps.ts";
import { MinHeap } from "./min-heap.ts";
import { Timer, TimerBucket } from "./timer.ts";

/** Up to this many buckets are searched one by one. */
const LINEAR = 8;
/** Empty buckets that a group may hold beyond half of it. */
const SLACK = 16;

/**
 * The timers of neighbouring times: a bucket for each time. A bucket that became empty stays in the heap until it comes up, or
 * until such buckets outnumber the others.
 */
export class TimerGroup {
  /** The group's number, by which groups are ordered. */
  readonly time: number;
  /** Buckets with timers. */
  live = 0;
  readonly #heap = new MinHeap<TimerBucket>();
  /** Buckets with timers by time, once there are many. */
  #index: Map<Timestamp, TimerBucket> | undefined;

  constructor(number: number) {
    this.time = number;
  }

  add(id: number, namespace: string, time: Timestamp): Timer {
    const known = this.#find(time);
    const bucket = known ?? new TimerBucket(time);
    const timer = new Timer(id, namespace, bucket);
    bucket.append(timer);
    if (known === undefined) this.#addBucket(bucket);
    return timer;
  }

  remove(timer: Timer): void {
    const { bucket } = timer;
    bucket.unlink(timer);
    if (bucket.first !== undefined) return;
    this.live--;
    this.#index?.delete(bucket.time);
    if (this.#heap.size > 2 * this.live + SLACK) this.#heap.filter((each) => each.first !== undefined);
  }

  /** The timer that fires first. */
  first(): Timer | undefined {
    let top = this.#heap.top;
    while (top !== undefined && top.first === undefined) {
      this.#heap.pop();
      top = this.#heap.top;
    }
    return top?.first;
  }

  #addBucket(bucket: TimerBucket): void {
    this.#heap.push(bucket);
    this.live++;
    if (this.#index !== undefined) {
      this.#index.set(bucket.time, bucket);
    } else if (this.#heap.size > LINEAR) {
      const held = this.#heap.items.filter((each) => each.first !== undefined);
      this.#index = new Map(held.map((each) => [each.time, each]));
    }
  }

  #find(time: Timestamp): TimerBucket | undefined {
    if (this.#index !== undefined) return this.#index.get(time);
    const { items } = this.#heap;
    for (let i = 0; i < items.length; i++) {
      const bucket = items[i]!;
      if (bucket.time === time && bucket.first !== undefined) return bucket;
    }
    return undefined;
  }
}
