/** Counts events. @example `const late = ctx.metrics.counter("late"); late.inc();` */
export interface Counter {
  inc(n?: number): void;
  dec(n?: number): void;
  readonly count: number;
}

/** Counts events and their rate. */
export interface Meter {
  /** Marks `n` events, default 1. */
  mark(n?: number): void;
  readonly count: number;
}

/** The distribution of observed values. */
export interface Histogram {
  update(value: number): void;
  readonly count: number;
}

/** A value read when somebody looks. */
export type Gauge<T extends number | string | boolean = number | string | boolean> = () => T;

/**
 * Where a user function registers metrics. The same name twice in one group gives the same metric.
 * Metrics are per subtask; they are read outside the hot path.
 */
export interface MetricGroup {
  counter(name: string): Counter;
  meter(name: string): Meter;
  histogram(name: string): Histogram;
  gauge(name: string, read: Gauge): void;
  /** A group below this one. */
  group(name: string): MetricGroup;
}
