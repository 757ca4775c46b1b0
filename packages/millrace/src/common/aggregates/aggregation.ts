import type { AggregateFunction } from "../state/state.ts";
import type { AggregationPart } from "./aggregation-part.ts";

/** One aggregate with result R. Made by an AggregateBuilder; immutable. */
export interface Aggregation<R> {
  readonly "~millrace": "aggregation";
  /** How it is computed. */
  readonly part: AggregationPart;
  /** Carries R for the compiler only. */
  readonly "~out"?: () => R;
}

/** What a builder callback answers: one aggregate, or several by name. */
export type AggregationSpec = Aggregation<unknown> | { readonly [name: string]: Aggregation<unknown> };

/** The result of what a builder callback answers: `{ flights: a.count() }` gives `{ flights: number }`. */
export type AggregationResult<B> = B extends {
  readonly "~millrace": "aggregation";
  readonly "~out"?: () => infer R;
}
  ? R
  : { -readonly [F in keyof B]: B[F] extends { readonly "~out"?: () => infer R } ? R : never };

/** What has an order: numbers, bigints and strings (by UTF-16 code units). Null and undefined are left out. */
export type Ordered = number | bigint | string | null | undefined;

/** R, or null where V may be missing. */
export type OrNull<V, R> = [Extract<V, null | undefined>] extends [never] ? R : R | null;

/**
 * Makes the aggregates of a window or of a key. All of them together become one AggregateFunction with one flat accumulator.
 *
 * Values that are null or undefined are left out, as in SQL. Where all were left out: `count` and `countDistinct` are 0, `sum` is 0,
 * lists are empty, everything else is null (and its type says so where a selector may answer null or undefined).
 * NaN makes `sum`, `avg`, `stddev`, `min` and `max` NaN.
 *
 * @example
 * ```ts
 * windowed.aggregate((a) => ({ flights: a.count(), delay: a.avg((f) => f.delay), worst: a.top(3, (f) => f.delay) }));
 * ```
 */
export interface AggregateBuilder<T> {
  /** The number of records, or of those for which `where` answers true. @example `a.count((f) => f.delay > 15)` */
  count(where?: (value: T) => boolean): Aggregation<number>;
  /**
   * The sum of numbers. Compensated (Neumaier), so that the result doesn't depend on order or merging by more than the last bit;
   * whole numbers are exact up to 2^53.
   *
   * @example `a.sum((f) => f.distance)`
   */
  sum(select: (value: T) => number | null | undefined): Aggregation<number>;
  /** The arithmetic mean of numbers, of a compensated sum. @example `a.avg((f) => f.delay)` */
  avg<V extends number | null | undefined>(select: (value: T) => V): Aggregation<OrNull<V, number>>;
  /** The least value. @example `a.min((f) => f.delay)` */
  min<V extends Ordered>(select: (value: T) => V): Aggregation<OrNull<V, NonNullable<V>>>;
  /** The greatest value. @example `a.max((f) => f.delay)` */
  max<V extends Ordered>(select: (value: T) => V): Aggregation<OrNull<V, NonNullable<V>>>;
  /** The record with the least value, the first that came of equal ones. @example `a.minBy((f) => f.delay)` */
  minBy<V extends Ordered>(by: (value: T) => V): Aggregation<OrNull<V, T>>;
  /** The record with the greatest value, the first that came of equal ones. @example `a.maxBy((f) => f.delay)` */
  maxBy<V extends Ordered>(by: (value: T) => V): Aggregation<OrNull<V, T>>;
  /**
   * The first record that came, or what `select` takes of it. Not for session windows, where arrival does not say which is first: use
   * `minBy` with the time.
   *
   * @example `a.first((f) => f.carrier)`
   */
  first(): Aggregation<T>;
  first<V>(select: (value: T) => V): Aggregation<V>;
  /** The last record that came, or what `select` takes of it. Not for session windows. @example `a.last((f) => f.status)` */
  last(): Aggregation<T>;
  last<V>(select: (value: T) => V): Aggregation<V>;
  /**
   * All records, or what `select` takes of them, as an array in the order they came. Where windows are merged, the merged
   * parts follow each other in no particular order. Keeps everything in state: prefer aggregates that don't.
   *
   * @example `a.collect((f) => f.delay)`
   */
  collect(): Aggregation<T[]>;
  collect<V>(select: (value: T) => V): Aggregation<V[]>;
  /** The number of different values, exact: all of them are kept in state. @example `a.countDistinct((f) => f.tail)` */
  countDistinct(
    select: (value: T) => string | number | bigint | boolean | null | undefined,
  ): Aggregation<number>;
  /** The standard deviation of the values as a population (Welford). @example `a.stddev((f) => f.delay)` */
  stddev<V extends number | null | undefined>(select: (value: T) => V): Aggregation<OrNull<V, number>>;
  /** The standard deviation that a sample estimates, with n - 1; null below two values. @example `a.stddevSample((f) => f.delay)` */
  stddevSample(select: (value: T) => number | null | undefined): Aggregation<number | null>;
  /** The `n` records with the greatest values, the greatest first, of equal ones those that came first. @example `a.top(10, (b) => b.price)` */
  top(n: number, by: (value: T) => Ordered): Aggregation<T[]>;
  /** An AggregateFunction of one's own. @example `a.custom(new Median((f: Flight) => f.delay))` */
  custom<Acc, R>(aggregate: AggregateFunction<T, Acc, R>): Aggregation<R>;
}
