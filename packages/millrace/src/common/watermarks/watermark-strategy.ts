import type { Duration } from "../time/durations.ts";
import type { Timestamp } from "../time/timestamps.ts";
import type { TimestampAssigner } from "../functions/functions.ts";

/** Receives watermarks. A watermark not above the last one is ignored. */
export interface WatermarkOutput {
  emitWatermark(watermark: Timestamp): void;
  /** Says that no records are to be expected for now: watermarks of others go on without this one. */
  markIdle(): void;
  markActive(): void;
}

/**
 * Makes the watermarks of one split (or one subtask). Called on the task's thread. Holds mutable state, so each split
 * gets one of its own.
 */
export interface WatermarkGenerator<T> {
  /** After each record. Keep it cheap: it is on the hot path. */
  onEvent(value: T, timestamp: Timestamp, output: WatermarkOutput): void;
  /** Every `pipeline.auto-watermark-interval` (default 200 ms), and before the input sleeps or ends. */
  onPeriodicEmit(output: WatermarkOutput): void;
}

/** Sources of one alignment group wait for each other. */
export interface WatermarkAlignment {
  readonly group: string;
  /** How far a source may run ahead of the group's slowest, ms. */
  readonly maxDrift: Duration;
  /** How often the group's watermark is announced, ms; default 1000. */
  readonly updateInterval: Duration;
}

/**
 * How event time comes out of records: the timestamp assigner, the watermark generator, idleness and alignment.
 * Immutable: every `with...` answers a new strategy.
 *
 * @example
 * ```ts
 * WatermarkStrategy.forBoundedOutOfOrderness<Flight>(minutes(5)).withTimestamps((f) => f.date).withIdleness(seconds(30))
 * ```
 */
export class WatermarkStrategy<T> {
  readonly timestampAssigner: TimestampAssigner<T> | undefined;
  /** Makes a generator for each split; undefined where there are no watermarks. */
  readonly generator: (() => WatermarkGenerator<T>) | undefined;
  readonly idleTimeout: Duration | undefined;
  readonly alignment: WatermarkAlignment | undefined;

  private constructor(fields: {
    timestampAssigner?: TimestampAssigner<T> | undefined;
    generator?: (() => WatermarkGenerator<T>) | undefined;
    idleTimeout?: Duration | undefined;
    alignment?: WatermarkAlignment | undefined;
  }) {
    this.timestampAssigner = fields.timestampAssigner;
    this.generator = fields.generator;
    this.idleTimeout = fields.idleTimeout;
    this.alignment = fields.alignment;
  }

  /** No watermarks until the end of input: for processing-time jobs. */
  static noWatermarks<T = unknown>(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({});
  }

  /** Timestamps of each split never go back: the watermark is 1 ms behind the latest. */
  static forMonotonousTimestamps<T = unknown>(): WatermarkStrategy<T> {
    return WatermarkStrategy.forBoundedOutOfOrderness<T>(0);
  }

  /** Records come at most `maxOutOfOrderness` ms late: the watermark is the latest timestamp minus that, minus 1 ms. */
  static forBoundedOutOfOrderness<T = unknown>(maxOutOfOrderness: Duration): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({ generator: () => new BoundedOutOfOrderness(maxOutOfOrderness) });
  }

  /** A generator of one's own; called once for each split and attempt. */
  static forGenerator<T>(generator: () => WatermarkGenerator<T>): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({ generator });
  }

  /** Takes each record's event time from it. Without this, the source's own timestamps count. */
  withTimestamps<U extends T>(assigner: TimestampAssigner<U>): WatermarkStrategy<U> {
    return new WatermarkStrategy<U>({
      ...(this as unknown as WatermarkStrategy<U>),
      timestampAssigner: assigner,
    });
  }

  /** A split without records for `timeout` ms no longer holds back the others. Its time stands still under back-pressure. */
  withIdleness(timeout: Duration): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({ ...this, idleTimeout: timeout });
  }

  /** Sources of the same `group` that are more than `maxDrift` ms ahead of the slowest wait. */
  withWatermarkAlignment(
    group: string,
    maxDrift: Duration,
    updateInterval: Duration = 1000,
  ): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({ ...this, alignment: { group, maxDrift, updateInterval } });
  }
}

/** The usual generator: the latest timestamp minus the bound. */
class BoundedOutOfOrderness implements WatermarkGenerator<unknown> {
  readonly #delay: number;
  #latest = -Infinity;

  constructor(maxOutOfOrderness: Duration) {
    this.#delay = maxOutOfOrderness + 1;
  }

  onEvent(_value: unknown, timestamp: Timestamp): void {
    if (timestamp > this.#latest) this.#latest = timestamp;
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    if (this.#latest !== -Infinity) output.emitWatermark(this.#latest - this.#delay);
  }
}
