import type { Sync } from "../../common/functions/functions.ts";
import type {
  BroadcastHandles,
  BroadcastRecord,
  KeyedProcessContext,
  OnTimerContext,
  OutputRecord,
  ProcessContext,
  ReadonlyBroadcastHandles,
  StateRecord,
} from "../../common/functions/process-functions.ts";
import type { CheckpointedFunction, RichFunction } from "../../common/functions/runtime-context.ts";
import type { StateHandle } from "../../common/state/state.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { TypeLike } from "../../common/types/type-like.ts";

/*
 * What `process(...)` takes. An object with functions, either written in place or an instance of a class. All of them emit in
 * two ways: a record (or an array of records) that they return, whose type is inferred; or `context.collect(record)`, for
 * which `output` declares the type. Type parameters: D what is declared, R and RT what is returned by onRecord and onTimer,
 * S the states, O the side outputs, B the broadcast states.
 */

/** What all of them may have. */
export interface EmittingFunction<D, O extends OutputRecord> extends RichFunction, CheckpointedFunction {
  /** The type of the records given to `context.collect`. */
  readonly output?: TypeLike<D>;
  /** Side outputs by name, for `context.output(context.outputs.late, record)`. */
  readonly outputs?: O;
}

/**
 * A process function on a stream without key.
 *
 * @example
 * ```ts
 * stream.process({
 *   outputs: { odd: outputTag<number>("odd") },
 *   onRecord(n, ctx) {
 *     if (n % 2 === 0) return n;
 *     ctx.output(ctx.outputs.odd, n);
 *     return undefined;
 *   },
 * });
 * ```
 */
export interface ProcessDefinition<T, D, R, O extends OutputRecord> extends EmittingFunction<D, O> {
  /** Called for each record. */
  onRecord(record: T, context: ProcessContext<D, O>): Sync<R>;
}

/**
 * A process function on a keyed stream: state and timers for each key.
 *
 * @example
 * ```ts
 * payments.keyBy((p) => p.card).process({
 *   state: { small: valueState(Types.boolean) },
 *   onRecord(payment, ctx) {
 *     const suspicious = ctx.state.small.value() === true && payment.amount > 500;
 *     ctx.state.small.update(payment.amount < 1);
 *     ctx.timers.registerEventTimeTimer(ctx.timestamp + minutes(1));
 *     return suspicious ? { card: ctx.currentKey, amount: payment.amount } : undefined;
 *   },
 *   onTimer(_time, ctx) {
 *     ctx.state.small.clear();
 *   },
 * });
 * ```
 */
export interface KeyedProcessDefinition<
  K,
  T,
  D,
  R,
  RT,
  S extends StateRecord,
  O extends OutputRecord,
> extends EmittingFunction<D, O> {
  /** States of the current key by name, as `context.state` hands them out. */
  readonly state?: S;
  /** Called for each record, with the state of its key. */
  onRecord(record: T, context: KeyedProcessContext<K, D, S, O>): Sync<R>;
  /** Called when a timer of a key is due. */
  onTimer?(time: Timestamp, context: OnTimerContext<K, D, S, O>): Sync<RT>;
}

/** A process function on two streams without key. `onRecord1` takes the records of the first, `onRecord2` of the second. */
export interface CoProcessDefinition<A, B, D, R, R2, O extends OutputRecord> extends EmittingFunction<D, O> {
  /** Called for each record of the first stream. */
  onRecord1(record: A, context: ProcessContext<D, O>): Sync<R>;
  /** Called for each record of the second stream. */
  onRecord2(record: B, context: ProcessContext<D, O>): Sync<R2>;
}

/** A process function on two streams keyed alike, which share state and timers. */
export interface KeyedCoProcessDefinition<
  K,
  A,
  B,
  D,
  R,
  R2,
  RT,
  S extends StateRecord,
  O extends OutputRecord,
> extends EmittingFunction<D, O> {
  /** States of the current key by name. */
  readonly state?: S;
  /** Called for each record of the first stream. */
  onRecord1(record: A, context: KeyedProcessContext<K, D, S, O>): Sync<R>;
  /** Called for each record of the second stream. */
  onRecord2(record: B, context: KeyedProcessContext<K, D, S, O>): Sync<R2>;
  /** Called when a timer of a key is due. */
  onTimer?(time: Timestamp, context: OnTimerContext<K, D, S, O>): Sync<RT>;
}

/** A process function on a stream and a broadcast one. Only broadcast records may change broadcast state. */
export interface BroadcastProcessDefinition<
  T,
  BT,
  D,
  R,
  R2,
  B extends BroadcastRecord,
  O extends OutputRecord,
> extends EmittingFunction<D, O> {
  /** Called for each record of the stream, which reads broadcast state. */
  onRecord(
    record: T,
    context: ProcessContext<D, O> & { readonly broadcast: ReadonlyBroadcastHandles<B> },
  ): Sync<R>;
  /** Called in every subtask for each broadcast record; must change broadcast state alike in all of them. */
  onBroadcast(
    record: BT,
    context: ProcessContext<D, O> & { readonly broadcast: BroadcastHandles<B> },
  ): Sync<R2>;
}

/** A process function on a keyed stream and a broadcast one. */
export interface KeyedBroadcastProcessDefinition<
  K,
  T,
  BT,
  D,
  R,
  R2,
  RT,
  B extends BroadcastRecord,
  S extends StateRecord,
  O extends OutputRecord,
> extends EmittingFunction<D, O> {
  /** States of the current key by name. */
  readonly state?: S;
  /** Called for each record of the keyed stream. */
  onRecord(
    record: T,
    context: KeyedProcessContext<K, D, S, O> & { readonly broadcast: ReadonlyBroadcastHandles<B> },
  ): Sync<R>;
  /** Called in every subtask for each broadcast record; must change broadcast state alike in all of them. */
  onBroadcast(
    record: BT,
    context: ProcessContext<D, O> & {
      readonly broadcast: BroadcastHandles<B>;
      /** Calls `visit` with each key of this subtask that has `state[name]`, in no particular order. */
      forEachKey<N extends keyof S & string>(
        name: N,
        visit: (key: K, state: StateHandle<S[N]>) => void,
      ): void;
    },
  ): Sync<R2>;
  /** Called when a timer of a key is due. */
  onTimer?(
    time: Timestamp,
    context: OnTimerContext<K, D, S, O> & { readonly broadcast: ReadonlyBroadcastHandles<B> },
  ): Sync<RT>;
}
