import type { Duration } from "../time/durations.ts";
import type { TypeInfo, TypeLike } from "../types/type-info.ts";

/**
 * What state hands out is readonly: a change made in place would be missed by a snapshot that is being written.
 * `update(value)` replaces, `mutate(change)` changes in place at full speed.
 *
 * A type whose values are already immutable, or plain functions, stay as they are.
 */
export type ReadonlyState<T> = T extends string | number | boolean | bigint | symbol | null | undefined
  ? T
  : T extends Map<infer K, infer V>
    ? ReadonlyMap<K, ReadonlyState<V>>
    : T extends Set<infer E>
      ? ReadonlySet<ReadonlyState<E>>
      : T extends Date | Uint8Array
        ? Readonly<T>
        : T extends readonly unknown[]
          ? { readonly [I in keyof T]: ReadonlyState<T[I]> }
          : T extends object
            ? { readonly [F in keyof T]: ReadonlyState<T[F]> }
            : T;

/** One value for each key. @example `ctx.state.count.update((ctx.state.count.value() ?? 0) + 1)` */
export interface ValueState<T> {
  /** The current key's value, or undefined where there is none. */
  value(): ReadonlyState<T> | undefined;
  /** Replaces the value. The caller must not change `value` afterwards. */
  update(value: T): void;
  /** Changes the value in place; where there is none, `initial()` is stored first. Returns it as it is afterwards. */
  mutate(change: (value: T) => void, initial: () => T): ReadonlyState<T>;
  clear(): void;
}

/** A value state whose descriptor says what stands where nothing is stored, so that there is always a value. */
export interface ValueStateWithDefault<T> extends ValueState<T> {
  /** The current key's value, or the descriptor's default where there is none. */
  value(): ReadonlyState<T>;
}

/** A list for each key. */
export interface ListState<T> {
  add(value: T): void;
  addAll(values: Iterable<T>): void;
  /** The elements in the order they were added; empty where there are none. Consume it before changing the list. */
  get(): Iterable<ReadonlyState<T>>;
  readonly size: number;
  update(values: Iterable<T>): void;
  clear(): void;
}

/** A map for each key. @typeParam K string, number, bigint, boolean or composite keys, compared by value */
export interface MapState<K, V> {
  get(key: K): ReadonlyState<V> | undefined;
  has(key: K): boolean;
  put(key: K, value: V): void;
  /** Changes the entry's value in place; where there is none, `initial()` is stored first. */
  mutate(key: K, change: (value: V) => void, initial: () => V): ReadonlyState<V>;
  remove(key: K): void;
  entries(): Iterable<readonly [K, ReadonlyState<V>]>;
  keys(): Iterable<K>;
  values(): Iterable<ReadonlyState<V>>;
  readonly size: number;
  clear(): void;
}

/** Folds values of one type into one. */
export interface ReducingState<T> {
  add(value: T): void;
  get(): ReadonlyState<T> | undefined;
  clear(): void;
}

/** Folds values into an accumulator. */
export interface AggregatingState<In, Out> {
  add(value: In): void;
  /** The aggregate's result, or undefined where nothing was added. */
  get(): Out | undefined;
  clear(): void;
}

/** State that every parallel instance holds whole; writable only where broadcast records are processed. */
export interface BroadcastState<K, V> extends ReadonlyBroadcastState<K, V> {
  put(key: K, value: V): void;
  remove(key: K): void;
  clear(): void;
}

/** Broadcast state as keyed records see it. */
export interface ReadonlyBroadcastState<K, V> {
  get(key: K): ReadonlyState<V> | undefined;
  has(key: K): boolean;
  entries(): Iterable<readonly [K, ReadonlyState<V>]>;
  readonly size: number;
}

/** When an entry of keyed state is forgotten. Processing time. */
export interface StateTtl {
  /** How long an entry lives after the event that `update` names. */
  readonly ttl: Duration;
  /** What starts its time anew: writing (default), or reading, too. */
  readonly update?: "onCreateAndWrite" | "onReadAndWrite";
  /** Whether an entry past its time may still be handed out until it is cleaned up. Default "neverReturnExpired". */
  readonly visibility?: "neverReturnExpired" | "returnExpiredIfNotCleanedUp";
  /** How many entries each state access looks at to clean up in passing. Default 5; 0 turns that off. */
  readonly cleanupPerAccess?: number;
}

/** A function that folds values into an accumulator, Flink's AggregateFunction. Accumulators are changed in place. */
export interface AggregateFunction<In, Acc, Out> {
  createAccumulator(): Acc;
  /** Adds a value; changes `accumulator` in place and returns it, or returns a new one. */
  add(accumulator: Acc, value: In): Acc;
  getResult(accumulator: Acc): Out;
  /**
   * Joins `b` into `a` and returns the result; must be commutative and associative. With it, sliding windows share
   * slices, and session windows can merge.
   */
  merge?(a: Acc, b: Acc): Acc;
  /** The accumulator's type, for snapshots; generated from the shape seen where absent. */
  readonly accumulatorType?: TypeInfo<Acc>;
}

/** Describes a state of one kind: its type and settings. Made by `valueState(...)` and its siblings. Immutable. */
// Descriptors are invariant in their values' types, so only `any` stands for a descriptor of whatever type.
export type StateDescriptor =
  | ValueStateDescriptor<any>
  | ListStateDescriptor<any>
  | MapStateDescriptor<any, any>
  | ReducingStateDescriptor<any>
  | AggregatingStateDescriptor<any, any, any>;

interface DescriptorBase {
  readonly "~millrace": "state";
  /** The state's name, unique in its operator; in `state: { name: ... }` records it is the field's name. */
  readonly name?: string;
  readonly ttl?: StateTtl;
}
/** One value for each key. Made by `valueState`. */
export interface ValueStateDescriptor<T> extends DescriptorBase {
  readonly kind: "value";
  readonly type: TypeInfo<T> | undefined;
  /** What `value()` answers where nothing is stored. */
  readonly defaultValue?: () => T;
}
/** A list for each key. Made by `listState`. */
export interface ListStateDescriptor<T> extends DescriptorBase {
  readonly kind: "list";
  readonly type: TypeInfo<T> | undefined;
}
/** A map for each key, or broadcast state. Made by `mapState`. */
export interface MapStateDescriptor<K, V> extends DescriptorBase {
  readonly kind: "map";
  readonly keyType: TypeInfo<K> | undefined;
  readonly type: TypeInfo<V> | undefined;
}
/** A folded value for each key. Made by `reducingState`. */
export interface ReducingStateDescriptor<T> extends DescriptorBase {
  readonly kind: "reducing";
  readonly type: TypeInfo<T> | undefined;
  readonly reduce: (a: T, b: T) => T;
}
/** An accumulator for each key. Made by `aggregatingState`. */
export interface AggregatingStateDescriptor<In, Acc, Out> extends DescriptorBase {
  readonly kind: "aggregating";
  readonly type: TypeInfo<Acc> | undefined;
  readonly aggregate: AggregateFunction<In, Acc, Out>;
}

/** What a state descriptor's handle is: `StateHandle<ValueStateDescriptor<number>>` is `ValueState<number>`. */
export type StateHandle<D> =
  D extends ValueStateDescriptor<infer T>
    ? D extends { readonly defaultValue: () => T }
      ? ValueStateWithDefault<T>
      : ValueState<T>
    : D extends ListStateDescriptor<infer T>
      ? ListState<T>
      : D extends MapStateDescriptor<infer K, infer V>
        ? MapState<K, V>
        : D extends ReducingStateDescriptor<infer T>
          ? ReducingState<T>
          : D extends AggregatingStateDescriptor<infer In, infer _Acc, infer Out>
            ? AggregatingState<In, Out>
            : never;

/** Settings that every state takes. */
export interface StateOptions {
  /** The state's name; needed where the state doesn't stand in a `state: { ... }` record. */
  readonly name?: string;
  readonly ttl?: StateTtl;
}

export type { TypeLike };
