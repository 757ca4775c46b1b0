import type { Duration } from "../../common/time/durations.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { TypeLike } from "../../common/types/type-like.ts";

/** The state of an operator under test: what `snapshot` gives, and what a harness starts from. Opaque. */
export interface HarnessSnapshot {
  readonly "~millrace": "harness-snapshot";
}

/** Settings of a harness. */
export interface HarnessOptions<A, B = never> extends HarnessSettings {
  /** The type of the first input's records. Default: any plain data. */
  readonly type?: TypeLike<A>;
  /** The type of the second input's records. Default: any plain data. */
  readonly secondType?: TypeLike<B>;
}

/** Settings that don't concern the records' types. */
export interface HarnessSettings {
  /** Subtasks; records find theirs as in a job. Default 1. */
  readonly parallelism?: number;
  /** Key groups. Default 128. */
  readonly maxParallelism?: number;
  /** Processing time at the beginning, ms since the epoch. Default 0. */
  readonly processingTime?: Timestamp;
  /** Starts from this state, taken at any parallelism. */
  readonly restore?: HarnessSnapshot;
  /** What functions read as `args` of their RuntimeContext. */
  readonly args?: Readonly<Record<string, unknown>>;
  /** How often watermark generators are asked, ms. Default 200. */
  readonly autoWatermarkInterval?: Duration;
  /**
   * Whether records go through their codecs on their way in and out, as between two tasks, so that what can't be carried is
   * found out. Default true.
   */
  readonly copyRecords?: boolean;
  /** Whether records, and what state hands out, are frozen deeply, so that whoever changes them is found out. Default true. */
  readonly freeze?: boolean;
}
