import type { Timestamp } from "../time/timestamps.ts";
import type { CheckpointedFunction, RichFunction } from "./runtime-context.ts";

/**
 * Makes a promise-returning function fail to compile where a synchronous one is due. At run time the first record
 * that answers with a promise fails with ASYNC_FUNCTION.
 */
export type Sync<R> =
  R extends PromiseLike<unknown>
    ? "this function must be synchronous: use asyncMap for asynchronous work"
    : R;

/** What a filter's function may answer: see Sync. */
export type Predicate<R> = R extends PromiseLike<unknown> ? Sync<R> : R extends boolean ? R : boolean;

/** Receives what a function emits. Call it during the function's call only. */
export interface Collector<T> {
  /** Emits a record with the timestamp of the record at hand. */
  collect(value: T): void;
}

/** One record in, one out. Either the bare function, or an object with a life. */
export type MapFunction<In, Out> = (value: In) => Out;
/** A map function with a life and, on keyed streams, state. */
export interface RichMapFunction<In, Out> extends RichFunction, CheckpointedFunction {
  map(value: In): Out;
}
/** Keeps the records it answers true for. */
export type FilterFunction<T> = (value: T) => boolean;
/** A filter function with a life and, on keyed streams, state. */
export interface RichFilterFunction<T> extends RichFunction, CheckpointedFunction {
  filter(value: T): boolean;
}
/** One record in, any number out: by `out.collect(...)`, or by returning an array or another iterable. */
export type FlatMapFunction<In, Out> = (value: In, out: Collector<Out>) => Iterable<Out> | undefined | void;
/** A flatMap function with a life and, on keyed streams, state. */
export interface RichFlatMapFunction<In, Out> extends RichFunction, CheckpointedFunction {
  flatMap(value: In, out: Collector<Out>): Iterable<Out> | undefined | void;
}
/** Takes the key of a record. Deterministic: it is called on both sides of a shuffle. */
export type KeySelector<T, K> = (value: T) => K;
/** Folds two records into one of the same type. Must not change its arguments. */
export type ReduceFunction<T> = (a: T, b: T) => T;
/** Chooses the subtask for a key: 0 to parallelism - 1. */
export type PartitionFunction<K> = (key: K, parallelism: number) => number;
/** Takes the event time of a record, ms since the epoch. */
export type TimestampAssigner<T> = (value: T, recordTimestamp: Timestamp) => Timestamp;
