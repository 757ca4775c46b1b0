import type { OutputTag } from "../outputs/output-tag.ts";
import type {
  BroadcastState,
  MapStateDescriptor,
  ReadonlyBroadcastState,
  StateDescriptor,
  StateHandle,
} from "../state/state.ts";
import type { Timestamp } from "../time/timestamps.ts";
import type { CheckpointedFunction, RichFunction, RuntimeContext } from "./runtime-context.ts";

/** Keyed states of a function, by field name. */
export type StateRecord = Readonly<Record<string, StateDescriptor>>;
/** Side outputs of a function, by field name. Tags are invariant: `any` stands for a tag of whatever type. */
export type OutputRecord = Readonly<Record<string, OutputTag<any>>>;
/** The handles of declared states. */
export type StateHandles<S extends StateRecord> = { readonly [F in keyof S]: StateHandle<S[F]> };

/** Sets and deletes timers of the current key. The same time twice is one timer. */
export interface TimerService {
  /** Processing time now, ms. */
  currentProcessingTime(): Timestamp;
  /** The operator's watermark, -Infinity before the first. */
  currentWatermark(): Timestamp;
  registerEventTimeTimer(time: Timestamp): void;
  registerProcessingTimeTimer(time: Timestamp): void;
  deleteEventTimeTimer(time: Timestamp): void;
  deleteProcessingTimeTimer(time: Timestamp): void;
}

/** What all process functions have at hand. The object is reused for every record: don't keep it. */
export interface BaseProcessContext<Out> {
  /** The record's (or timer's) timestamp; -Infinity where it has none. */
  readonly timestamp: Timestamp;
  readonly runtime: RuntimeContext;
  /** The operator's watermark, -Infinity before the first. */
  currentWatermark(): Timestamp;
  /** Processing time, ms. */
  now(): Timestamp;
  /** Emits a record with the current timestamp. */
  collect(value: Out): void;
  /** Emits to a side output. */
  output<T>(tag: OutputTag<T>, value: T): void;
}

/** Context of functions on streams without key. */
export interface ProcessContext<Out, O extends OutputRecord = {}> extends BaseProcessContext<Out> {
  /** The declared side outputs. */
  readonly outputs: O;
}

/** Context of functions on keyed streams. */
export interface KeyedProcessContext<
  K,
  Out,
  S extends StateRecord = {},
  O extends OutputRecord = {},
> extends ProcessContext<Out, O> {
  readonly currentKey: K;
  /** The declared states of the current key. */
  readonly state: StateHandles<S>;
  readonly timers: TimerService;
}

/** In `onTimer`: which kind of time fired. */
export interface OnTimerContext<
  K,
  Out,
  S extends StateRecord = {},
  O extends OutputRecord = {},
> extends KeyedProcessContext<K, Out, S, O> {
  readonly timeDomain: "event" | "processing";
}

/** Any number out for each record, side outputs included. */
export interface ProcessFunction<In, Out, O extends OutputRecord = {}>
  extends RichFunction, CheckpointedFunction {
  readonly outputs?: O;
  onRecord(record: In, context: ProcessContext<Out, O>): undefined | void;
}

/** State and timers for each key. */
export interface KeyedProcessFunction<K, In, Out, S extends StateRecord = {}, O extends OutputRecord = {}>
  extends RichFunction, CheckpointedFunction {
  readonly state?: S;
  readonly outputs?: O;
  onRecord(record: In, context: KeyedProcessContext<K, Out, S, O>): undefined | void;
  onTimer?(time: Timestamp, context: OnTimerContext<K, Out, S, O>): undefined | void;
}

/** Two streams, without key. */
export interface CoProcessFunction<In1, In2, Out, O extends OutputRecord = {}>
  extends RichFunction, CheckpointedFunction {
  readonly outputs?: O;
  onRecord1(record: In1, context: ProcessContext<Out, O>): undefined | void;
  onRecord2(record: In2, context: ProcessContext<Out, O>): undefined | void;
}

/** Two streams keyed alike, sharing state and timers. */
export interface KeyedCoProcessFunction<
  K,
  In1,
  In2,
  Out,
  S extends StateRecord = {},
  O extends OutputRecord = {},
>
  extends RichFunction, CheckpointedFunction {
  readonly state?: S;
  readonly outputs?: O;
  onRecord1(record: In1, context: KeyedProcessContext<K, Out, S, O>): undefined | void;
  onRecord2(record: In2, context: KeyedProcessContext<K, Out, S, O>): undefined | void;
  onTimer?(time: Timestamp, context: OnTimerContext<K, Out, S, O>): undefined | void;
}

/** Declared broadcast states, by field name. Descriptors are invariant: `any` stands for keys and values of whatever type. */
export type BroadcastRecord = Readonly<Record<string, MapStateDescriptor<any, any>>>;
/** Broadcast states as broadcast records see them. */
export type BroadcastHandles<B extends BroadcastRecord> = {
  readonly [F in keyof B]: B[F] extends MapStateDescriptor<infer K, infer V> ? BroadcastState<K, V> : never;
};
/** Broadcast states as other records see them. */
export type ReadonlyBroadcastHandles<B extends BroadcastRecord> = {
  readonly [F in keyof B]: B[F] extends MapStateDescriptor<infer K, infer V>
    ? ReadonlyBroadcastState<K, V>
    : never;
};

/** A stream and a broadcast stream. Broadcast state must be changed the same way in every subtask. */
export interface BroadcastProcessFunction<
  In,
  BIn,
  Out,
  B extends BroadcastRecord = {},
  O extends OutputRecord = {},
>
  extends RichFunction, CheckpointedFunction {
  readonly outputs?: O;
  onRecord(
    record: In,
    context: ProcessContext<Out, O> & { readonly broadcast: ReadonlyBroadcastHandles<B> },
  ): undefined | void;
  onBroadcast(
    record: BIn,
    context: ProcessContext<Out, O> & { readonly broadcast: BroadcastHandles<B> },
  ): undefined | void;
}

/** A keyed stream and a broadcast stream. */
export interface KeyedBroadcastProcessFunction<
  K,
  In,
  BIn,
  Out,
  B extends BroadcastRecord = {},
  S extends StateRecord = {},
  O extends OutputRecord = {},
>
  extends RichFunction, CheckpointedFunction {
  readonly state?: S;
  readonly outputs?: O;
  onRecord(
    record: In,
    context: KeyedProcessContext<K, Out, S, O> & { readonly broadcast: ReadonlyBroadcastHandles<B> },
  ): undefined | void;
  onBroadcast(
    record: BIn,
    context: ProcessContext<Out, O> & {
      readonly broadcast: BroadcastHandles<B>;
      /** Calls `visit` with each key that has `state[name]`, in no particular order. */
      forEachKey<N extends keyof S & string>(
        name: N,
        visit: (key: K, state: StateHandle<S[N]>) => void,
      ): void;
    },
  ): undefined | void;
  onTimer?(
    time: Timestamp,
    context: OnTimerContext<K, Out, S, O> & { readonly broadcast: ReadonlyBroadcastHandles<B> },
  ): undefined | void;
}
