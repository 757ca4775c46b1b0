import type { TimerBucket } from "./timer-bucket.ts";

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
