import type { Timestamp } from "../../../../common/time/timestamps.ts";

/** One timer of one key, linked into the bucket of its time. */
export class Timer {
  /** The key's id. */
  readonly id: number;
  readonly namespace: string;
  readonly bucket: TimerBucket;
  previous: Timer | undefined = undefined;
  next: Timer | undefined = undefined;

  constructor(id: number, namespace: string, bucket: TimerBucket) {
    this.id = id;
    this.namespace = namespace;
    this.bucket = bucket;
  }
}

/** All timers of one time, in the order they were registered: a list linked through the timers themselves. */
export class TimerBucket {
  readonly time: Timestamp;
  first: Timer | undefined = undefined;
  #last: Timer | undefined = undefined;

  constructor(time: Timestamp) {
    this.time = time;
  }

  append(timer: Timer): void {
    timer.previous = this.#last;
    if (this.#last === undefined) this.first = timer;
    else this.#last.next = timer;
    this.#last = timer;
  }

  unlink(timer: Timer): void {
    const { previous, next } = timer;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    timer.previous = undefined;
    timer.next = undefined;
  }
}
