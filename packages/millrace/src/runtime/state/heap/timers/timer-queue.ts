import type { Timestamp } from "../../../../common/time/timestamps.ts";
import { LargeMap } from "../large-map.ts";
import { Timer, TimerBucket } from "./timer.ts";

/** Empty buckets that the heap may hold beyond half of it. */
const SLACK = 64;

/**
 * Timers of one domain in the order they fire: by time, then by registration. Each distinct time has a bucket; a binary heap
 * orders the buckets. So a million timers of the same time cost no ordering at all, and deleting one is unlinking it.
 *
 * A bucket that became empty leaves the map at once and the heap when it comes up, or when such buckets outnumber the
 * others.
 */
export class TimerQueue {
  readonly #buckets = new LargeMap<number, TimerBucket>();
  #heap: TimerBucket[] = [];
  /** Buckets in the heap that hold timers. */
  #live = 0;
  size = 0;

  /** The earliest time, or Infinity. */
  get nextTime(): Timestamp {
    return this.#top()?.time ?? Infinity;
  }

  add(id: number, namespace: string, time: Timestamp): Timer {
    let bucket = this.#buckets.get(time);
    if (bucket === undefined) {
      bucket = new TimerBucket(time);
      this.#buckets.set(time, bucket);
      this.#push(bucket);
      this.#live++;
    }
    const timer = new Timer(id, namespace, bucket);
    bucket.append(timer);
    this.size++;
    return timer;
  }

  remove(timer: Timer): void {
    const { bucket } = timer;
    bucket.unlink(timer);
    this.size--;
    if (bucket.first !== undefined) return;
    this.#buckets.delete(bucket.time);
    this.#live--;
    if (this.#heap.length > 2 * this.#live + SLACK) this.#compact();
  }

  /** The timer that fires first, if it is due at `time`. */
  due(time: Timestamp): Timer | undefined {
    const bucket = this.#top();
    return bucket !== undefined && bucket.time <= time ? bucket.first : undefined;
  }

  clear(): void {
    this.#buckets.clear();
    this.#heap = [];
    this.#live = 0;
    this.size = 0;
  }

  #top(): TimerBucket | undefined {
    let top = this.#heap[0];
    while (top !== undefined && top.first === undefined) {
      this.#pop();
      top = this.#heap[0];
    }
    return top;
  }

  #compact(): void {
    this.#heap = this.#heap.filter((bucket) => bucket.first !== undefined);
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  #push(bucket: TimerBucket): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(bucket);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.time <= bucket.time) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = bucket;
  }

  #pop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #sink(start: number): void {
    const heap = this.#heap;
    const bucket = heap[start]!;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.time < heap[child]!.time) child++;
      if (heap[child]!.time >= bucket.time) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = bucket;
  }
}
