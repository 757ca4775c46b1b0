import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AggregateFunction } from "../../common/state/state.ts";
import type {
  AggregationSpec,
  AggregationResult,
  AggregateBuilder,
} from "../../common/aggregates/aggregation.ts";
import type { Sink } from "../../common/connector/sink.ts";
import type { AsyncOptions } from "../../common/functions/async-functions.ts";
import type {
  Collector,
  PartitionFunction,
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
  Predicate,
  Sync,
} from "../../common/functions/functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import type { BroadcastRecord, OutputRecord, StateRecord } from "../../common/functions/process-functions.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { Duration } from "../../common/time/durations.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { Evictor, Trigger } from "../../common/windows/trigger.ts";
import type { WindowAssigner } from "../../common/windows/window-assigner.ts";
import type { GlobalWindow, Window } from "../../common/windows/window.ts";
import type { AsyncArgument } from "../functions/async-argument.ts";
import type { Emitted, EmittedBy, NotDeclared } from "../functions/emitted.ts";
import type { Reduce, TagFor, TypeFor } from "../functions/accepting.ts";
import type { Flatten, KeyField, KeyFieldProblem, NumericField, OrderedField } from "../functions/fields.ts";
import type { CheckedKey } from "../../common/keys/key-type.ts";
import type {
  BroadcastProcessDefinition,
  CoProcessDefinition,
  KeyedBroadcastProcessDefinition,
  KeyedCoProcessDefinition,
  KeyedProcessDefinition,
  ProcessDefinition,
} from "../functions/process-definitions.ts";
import type {
  ProcessWindowDefinition,
  WindowReduceOptions,
  WindowResult,
} from "../functions/window-definitions.ts";
import type { CollectedRecords } from "./collected-records.ts";
import type { PoisonRecordPolicy } from "./dead-letter.ts";
import type { DataStreamSink, OperatorSettings } from "./operator-settings.ts";

/*
 * The streams of a program and what can be done with them. One file, because they speak of each other: streams are keyed,
 * keyed streams windowed, windows make streams. What carries each of them out stands in the file of its name.
 *
 * All methods record a transformation and answer a new stream; nothing runs before the program is executed.
 */

/** A sink that takes records of T, be it made for them or for whatever records. */
// Committables and writer state are the sink's own affair: `any` stands for all of them.
export type AcceptingSink<T> = Omit<Sink<T, any, any>, "type"> & { readonly type?: unknown };

/** What streams with and without key have in common. */
export interface AnyStream<T> {
  /**
   * One record out for each record in, with its timestamp. The function must be synchronous (see `asyncMap`).
   *
   * @example `flights.map((f) => ({ ...f, late: f.delay > 15 }))`
   */
  map<R>(
    fn: ((value: T) => Sync<R>) | RichMapFunction<T, R> | PerSubtask<RichMapFunction<T, R>>,
  ): SingleOutputStreamOperator<R>;
  /**
   * Any number of records out for each record in: those of the returned array or iterable, or those given to `out.collect`, for
   * which the type is named: `flatMap<string>((line, out) => ...)`.
   *
   * @example `lines.flatMap((line) => line.split(" "))`
   */
  flatMap<R = "name the type that out.collect takes, flatMap<Word>(...), or return an array">(
    fn:
      | ((value: T, out: Collector<R>) => Iterable<R> | undefined | void)
      | RichFlatMapFunction<T, R>
      | PerSubtask<RichFlatMapFunction<T, R>>,
  ): SingleOutputStreamOperator<R>;
  /**
   * Keeps the records for which the function answers true. A type guard narrows the type.
   *
   * @example `flights.filter((f) => f.delay > 0)`
   */
  filter<S extends T>(predicate: (value: T) => value is S): SingleOutputStreamOperator<S>;
  filter<R>(
    predicate: ((value: T) => Predicate<R>) | RichFilterFunction<T> | PerSubtask<RichFilterFunction<T>>,
  ): SingleOutputStreamOperator<T>;
  /**
   * Splits the stream by a key, compared by value: records with equal keys meet in one subtask, and share state. The selector must
   * be deterministic.
   *
   * @param selector the name of a field, or a function that takes the key; arrays and objects are composite keys
   * @example `flights.keyBy("origin")`, `flights.keyBy((f) => [f.origin, f.destination])`
   */
  keyBy<F extends KeyField<T>>(field: F): KeyedStream<T, T[F]>;
  keyBy<const K, const F extends string = never>(
    selector: ((value: T) => CheckedKey<K>) | KeyFieldProblem<T, F>,
  ): KeyedStream<T, K>;
  /**
   * This stream and others as one. Records of one stream keep their order, the streams are interleaved. Streams of different
   * records make a stream of either.
   *
   * @example `arrivals.union(departures, diversions)`
   */
  union<U = never>(...others: readonly AnyStream<U>[]): DataStream<T | U>;
  /**
   * Gives each record an event time and makes watermarks, in place of those it came with. Better done at the source, where
   * watermarks are kept for each split.
   *
   * @example `events.assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestamps((e) => e.at))`
   */
  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T>): SingleOutputStreamOperator<T>;
  /** Spreads records at random. @example `stream.shuffle().map(dear)` */
  shuffle(): DataStream<T>;
  /** Spreads records evenly, in turn over all subtasks. @example `skewed.rebalance().map(dear)` */
  rebalance(): DataStream<T>;
  /** Spreads records in turn over a share of the subtasks, so that fewer connections are needed. @example `stream.rescale().map(dear)` */
  rescale(): DataStream<T>;
  /** Sends all records to the first subtask. @example `stream.global().process(inOrder)` */
  global(): DataStream<T>;
  /** Sends subtask i's records to subtask i; refused at submission between different parallelisms. @example `stream.forward().map(f)` */
  forward(): DataStream<T>;
  /**
   * Without arguments: sends each record to all subtasks. With states: makes the stream one that others can be connected to, and
   * whose records every subtask keeps in broadcast state.
   *
   * @example `ruleChanges.broadcast({ rules: mapState(Types.string, Rule) })`
   */
  broadcast(): DataStream<T>;
  broadcast<B extends BroadcastRecord>(states: B): BroadcastStream<T, B>;
  /**
   * Sends each record where the partition function says. Unlike in Flink the key selector comes first, so that the key's type is inferred.
   *
   * @param partition answers a subtask, 0 to parallelism - 1
   * @example `stream.partitionCustom((order) => order.shard, (shard, parallelism) => shard % parallelism)`
   */
  partitionCustom<K>(selector: (value: T) => Sync<K>, partition: PartitionFunction<K>): DataStream<T>;
  /**
   * One record out for each record in, through an asynchronous call of which many are underway at once. Results keep their order
   * unless `mode` is "unordered". A call that fails or times out fails the job, after the retries.
   *
   * @example `clicks.asyncMap(async (c, { signal }) => ({ ...c, user: await lookup(c.id, signal) }), { capacity: 50, timeout: seconds(5) })`
   */
  asyncMap<R>(fn: AsyncArgument<T, R>, options?: AsyncOptions): SingleOutputStreamOperator<R>;
  /** Like `asyncMap`, with an array of any number of records for each. @example `users.asyncFlatMap(async (u) => await ordersOf(u.id))` */
  asyncFlatMap<R>(fn: AsyncArgument<T, readonly R[]>, options?: AsyncOptions): SingleOutputStreamOperator<R>;
  /**
   * Pairs records of two streams that have equal keys and fall into the same window.
   *
   * @example `orders.join(payments).where((o) => o.id).equalTo((p) => p.order).window(TumblingEventTimeWindows.of(hours(1))).apply((o, p) => ({ ...o, ...p }))`
   */
  join<B>(other: AnyStream<B>): JoinedStreams<T, B>;
  /**
   * Like `join`, but hands over all records of a key and window at once, those without a partner, too.
   *
   * @example `orders.coGroup(payments).where((o) => o.id).equalTo((p) => p.order).window(windows).apply((os, ps) => ps.length === 0 ? os : [])`
   */
  coGroup<B>(other: AnyStream<B>): CoGroupedStreams<T, B>;
  /** Puts all records into windows, in one subtask. Prefer `keyBy(...).window(...)`. @example `stream.windowAll(TumblingEventTimeWindows.of(minutes(1)))` */
  windowAll<W extends Window>(assigner: WindowAssigner<T, W>): AllWindowedStream<T, W>;
  /**
   * Windows of `size` records over all of the stream; with `slide`, one of the last `size` records every `slide` records.
   *
   * @example `stream.countWindowAll(1000).aggregate((a) => ({ mean: a.avg((n) => n) }))`
   */
  countWindowAll(size: number, slide?: number): AllWindowedStream<T, GlobalWindow>;
  /** Ends the stream in a sink. `name` is for plans and metrics; default the sink's. @example `counts.sinkTo(fileSink({ path: "out", format: "jsonl" }))` */
  sinkTo(sink: AcceptingSink<T>, name?: string): DataStreamSink;
  /** Prints each record to standard output, after `prefix` where one is given. @example `counts.print("counts")` */
  print(prefix?: string): DataStreamSink;
  /**
   * Runs what leads to this stream, and the sinks recorded since the last execution, and hands over the stream's records.
   *
   * @example `const counts = await stream.executeAndCollect().toArray()`
   */
  executeAndCollect(jobName?: string): CollectedRecords<T>;
  /** Hands over the stream's records once the program is started by `env.executeAsync()`. @example `const [a, b] = [x.collectAsync(), y.collectAsync()]` */
  collectAsync(): CollectedRecords<T>;
}

/** A stream of records without a key. @typeParam T the records */
export interface DataStream<T> extends AnyStream<T> {
  readonly "~millrace": "stream";
  /** Any number of records out for each record in, side outputs included. See ProcessDefinition. @example `stream.process({ onRecord: (n) => [n, n] })` */
  process<D = NotDeclared, R = undefined, O extends OutputRecord = {}>(
    fn: ProcessDefinition<T, D, R, O> | PerSubtask<ProcessDefinition<T, D, R, O>>,
  ): SingleOutputStreamOperator<EmittedBy<D, R>, O>;
  /** This stream and another, of another type, in one operator. @example `clicks.connect(rules.broadcast({ rules })).process({ ... })` */
  connect<BT, B extends BroadcastRecord>(other: BroadcastStream<BT, B>): BroadcastConnectedStream<T, BT, B>;
  connect<B>(other: DataStream<B>): ConnectedStreams<T, B>;
}

/** The result of a transformation: a stream whose operator can be named and set. @typeParam O its declared side outputs */
export interface SingleOutputStreamOperator<T, O extends OutputRecord = {}>
  extends DataStream<T>, OperatorSettings {
  /** The declared side outputs by name. @example `alerts.sideOutputs.late.print()` */
  readonly sideOutputs: SideOutputs<O>;
  /** The records that the operator emits to a side output. @example `counts.getSideOutput(late)` */
  getSideOutput<S>(tag: OutputTag<S>): DataStream<S>;
  /** Declares the records' type, so that they get a generated codec and are checked. @example `stream.map(parse).returns(Flight)` */
  returns(type: TypeFor<T>): this;
  // A schema's input does not matter here: `any` stands for whatever it is.
  returns(schema: StandardSchemaV1<any, T>): this;
  /** What happens to records whose processing throws. Default: the job fails. @example `lines.map(parse).onPoisonRecord("skip")` */
  onPoisonRecord<P>(policy: PoisonRecordPolicy<P>): this;
}

/** Streams of declared side outputs, by name. */
export type SideOutputs<O extends OutputRecord> = {
  readonly [F in keyof O]: O[F] extends OutputTag<infer S> ? DataStream<S> : never;
};

/** Aggregates of one field, over windows or rolling. `L` are side outputs of the windows. */
export interface FieldAggregates<T, L extends OutputRecord> {
  /** The first record with `field` replaced by the sum. @example `sales.keyBy("shop").sum("amount")` */
  sum(field: NumericField<T>): SingleOutputStreamOperator<T, L>;
  /** The first record with `field` replaced by the least value. @example `quotes.keyBy("item").min("price")` */
  min(field: OrderedField<T>): SingleOutputStreamOperator<T, L>;
  /** The first record with `field` replaced by the greatest value. @example `quotes.keyBy("item").max("price")` */
  max(field: OrderedField<T>): SingleOutputStreamOperator<T, L>;
  /** The record with the least value, the first of equal ones. @example `quotes.keyBy("item").minBy("price")` */
  minBy(field: OrderedField<T>): SingleOutputStreamOperator<T, L>;
  /** The record with the greatest value, the first of equal ones. @example `quotes.keyBy("item").maxBy("price")` */
  maxBy(field: OrderedField<T>): SingleOutputStreamOperator<T, L>;
}

/** A stream split by a key. @typeParam T the records, @typeParam K the key */
export interface KeyedStream<T, K> extends AnyStream<T>, FieldAggregates<T, {}> {
  readonly "~millrace": "keyedStream";
  /** Any number of records out, with state and timers for each key. See KeyedProcessDefinition. @example `payments.keyBy("card").process(fraud)` */
  process<
    D = NotDeclared,
    R = undefined,
    RT = undefined,
    S extends StateRecord = {},
    O extends OutputRecord = {},
  >(
    fn:
      | KeyedProcessDefinition<K, T, D, R, RT, S, O>
      | PerSubtask<KeyedProcessDefinition<K, T, D, R, RT, S, O>>,
  ): SingleOutputStreamOperator<EmittedBy<D, R | RT>, O>;
  /** Folds the records of each key, emitting the new value for each record. @example `words.keyBy("word").reduce((a, b) => ({ ...a, n: a.n + b.n }))` */
  reduce(fn: Reduce<T>): SingleOutputStreamOperator<T>;
  /**
   * Aggregates the records of each key, emitting the new result for each record, or what `result` makes of it.
   *
   * @example `flights.keyBy("origin").aggregate((a) => ({ flights: a.count() }), (origin, r) => ({ origin, ...r }))`
   */
  aggregate<B extends AggregationSpec, Acc, R = AggregationResult<B>, Out = R>(
    aggregate: ((a: AggregateBuilder<T>) => B) | AggregateFunction<T, Acc, R>,
    result?: (key: K, result: R) => Sync<Out>,
  ): SingleOutputStreamOperator<Out>;
  /** Puts the records of each key into windows. @example `flights.keyBy("origin").window(TumblingEventTimeWindows.of(hours(24)))` */
  window<W extends Window>(assigner: WindowAssigner<T, W>): WindowedStream<T, K, W>;
  /** Windows of `size` records of a key; with `slide`, one of the last `size` every `slide` records. @example `stream.keyBy("user").countWindow(100)` */
  countWindow(size: number, slide?: number): WindowedStream<T, K, GlobalWindow>;
  /** Pairs records of equal keys whose times are near each other. @example `orders.intervalJoin(payments).between(0, hours(1)).join((o, p) => ({ o, p }))` */
  intervalJoin<B>(other: KeyedStream<B, K>): IntervalJoin<T, B, K>;
  /** This stream and another keyed alike, sharing state and timers, or a broadcast one. @example `orders.connect(payments).process({ ... })` */
  connect<BT, B extends BroadcastRecord>(
    other: BroadcastStream<BT, B>,
  ): KeyedBroadcastConnectedStream<T, K, BT, B>;
  connect<B>(other: KeyedStream<B, K>): KeyedConnectedStreams<T, B, K>;
}

/** Windows by key, before it is said what is made of them. @typeParam L side outputs, where late records go */
export interface WindowedStream<T, K, W extends Window, L extends OutputRecord = {}> extends FieldAggregates<
  T,
  L
> {
  /** Fires windows otherwise than at their end. @example `windowed.trigger(ContinuousEventTimeTrigger.of(minutes(5)))` */
  trigger(trigger: Trigger<T, W>): this;
  /** Removes records before or after the function sees them; keeps all records of each window. @example `windowed.evictor(CountEvictor.of(10))` */
  evictor(evictor: Evictor<T, W>): this;
  /** How long after its end a window still takes late records and fires again for each, ms; event time only. @example `windowed.allowedLateness(minutes(5))` */
  allowedLateness(lateness: Duration): this;
  /** Sends records that are too late to a side output, `sideOutputs.late` of the result, instead of dropping them. @example `windowed.sideOutputLateData()` */
  sideOutputLateData(tag?: TagFor<T>): WindowedStream<T, K, W, { readonly late: OutputTag<T> }>;
  /** Folds a window's records as they come. @example `windowed.reduce((a, b) => (a.price > b.price ? a : b), (key, window, best) => ({ key, ...best }))` */
  reduce(fn: Reduce<T>, options?: WindowReduceOptions): SingleOutputStreamOperator<T, L>;
  reduce<Out>(
    fn: Reduce<T>,
    result: WindowResult<K, W, T, Out>,
    options?: WindowReduceOptions,
  ): SingleOutputStreamOperator<Out, L>;
  /**
   * Aggregates a window's records as they come: by a builder, or by an AggregateFunction. Emits the result, what `result` makes of it,
   * or what a process function makes of it.
   *
   * @example `windowed.aggregate((a) => ({ flights: a.count(), delay: a.avg((f) => f.delay) }), (airport, window, r) => ({ airport, day: window.start, ...r }))`
   */
  aggregate<B extends AggregationSpec, Acc, R = AggregationResult<B>, Out = R>(
    aggregate: ((a: AggregateBuilder<T>) => B) | AggregateFunction<T, Acc, R>,
    result?: WindowResult<K, W, R, Out>,
  ): SingleOutputStreamOperator<Out, L>;
  aggregate<
    B extends AggregationSpec,
    Acc,
    R = AggregationResult<B>,
    D = NotDeclared,
    P = undefined,
    S extends StateRecord = {},
    O extends OutputRecord = {},
  >(
    aggregate: ((a: AggregateBuilder<T>) => B) | AggregateFunction<T, Acc, R>,
    process:
      | ProcessWindowDefinition<K, W, R, D, P, S, O>
      | PerSubtask<ProcessWindowDefinition<K, W, R, D, P, S, O>>,
  ): SingleOutputStreamOperator<EmittedBy<D, P>, Flatten<L & O>>;
  /** Sees all records of a window at once, with state. See ProcessWindowDefinition. @example `windowed.process({ onWindow: (records) => [...records].length })` */
  process<D = NotDeclared, R = undefined, S extends StateRecord = {}, O extends OutputRecord = {}>(
    fn:
      | ProcessWindowDefinition<K, W, T, D, R, S, O>
      | PerSubtask<ProcessWindowDefinition<K, W, T, D, R, S, O>>,
  ): SingleOutputStreamOperator<EmittedBy<D, R>, Flatten<L & O>>;
  /** Sees all records of a window at once; emits the returned record or array of records. @example `windowed.apply((key, window, records) => [...records].slice(0, 3))` */
  apply<R>(
    fn: (key: K, window: W, records: Iterable<T>) => Sync<R>,
  ): SingleOutputStreamOperator<Emitted<R>, L>;
}

/** Windows over a whole stream, in one subtask. Like WindowedStream, without a key. */
export interface AllWindowedStream<T, W extends Window, L extends OutputRecord = {}> extends FieldAggregates<
  T,
  L
> {
  /** See WindowedStream. @example `all.trigger(CountTrigger.of(100))` */
  trigger(trigger: Trigger<T, W>): this;
  /** See WindowedStream. @example `all.evictor(TimeEvictor.of(minutes(1)))` */
  evictor(evictor: Evictor<T, W>): this;
  /** See WindowedStream. @example `all.allowedLateness(minutes(5))` */
  allowedLateness(lateness: Duration): this;
  /** See WindowedStream. @example `all.sideOutputLateData()` */
  sideOutputLateData(tag?: TagFor<T>): AllWindowedStream<T, W, { readonly late: OutputTag<T> }>;
  /** Folds a window's records as they come. @example `all.reduce((a, b) => a + b, (window, sum) => ({ at: window.start, sum }))` */
  reduce(fn: Reduce<T>, options?: WindowReduceOptions): SingleOutputStreamOperator<T, L>;
  reduce<Out>(
    fn: Reduce<T>,
    result: (window: W, result: T) => Sync<Out>,
    options?: WindowReduceOptions,
  ): SingleOutputStreamOperator<Out, L>;
  /** Aggregates a window's records as they come. @example `all.aggregate((a) => ({ n: a.count() }), (window, r) => ({ at: window.start, ...r }))` */
  aggregate<B extends AggregationSpec, Acc, R = AggregationResult<B>, Out = R>(
    aggregate: ((a: AggregateBuilder<T>) => B) | AggregateFunction<T, Acc, R>,
    result?: (window: W, result: R) => Sync<Out>,
  ): SingleOutputStreamOperator<Out, L>;
  /** Sees all records of a window at once, with state; `ctx.key` is 0. @example `all.process({ onWindow: (records) => [...records].length })` */
  process<D = NotDeclared, R = undefined, S extends StateRecord = {}, O extends OutputRecord = {}>(
    fn:
      | ProcessWindowDefinition<0, W, T, D, R, S, O>
      | PerSubtask<ProcessWindowDefinition<0, W, T, D, R, S, O>>,
  ): SingleOutputStreamOperator<EmittedBy<D, R>, Flatten<L & O>>;
  /** Sees all records of a window at once; emits the returned record or array of records. @example `all.apply((window, records) => [...records].length)` */
  apply<R>(fn: (window: W, records: Iterable<T>) => Sync<R>): SingleOutputStreamOperator<Emitted<R>, L>;
}

/** Two streams in one operator, each record handled by the function of its stream. */
export interface ConnectedStreams<A, B> {
  /** One record out for each. @example `numbers.connect(words).map((n) => String(n), (w) => w)` */
  map<R, R2>(
    first: (value: A) => Sync<R>,
    second: (value: B) => Sync<R2>,
  ): SingleOutputStreamOperator<R | R2>;
  /** The records of the returned iterables. @example `numbers.connect(lines).flatMap((n) => [n], (l) => l.split(" ").map(Number))` */
  flatMap<R, R2>(
    first: (value: A) => Iterable<R> | undefined,
    second: (value: B) => Iterable<R2> | undefined,
  ): SingleOutputStreamOperator<R | R2>;
  /** Any number of records out. See CoProcessDefinition. @example `a.connect(b).process({ onRecord1: (x) => x, onRecord2: (y) => y })` */
  process<D = NotDeclared, R = undefined, R2 = undefined, O extends OutputRecord = {}>(
    fn: CoProcessDefinition<A, B, D, R, R2, O> | PerSubtask<CoProcessDefinition<A, B, D, R, R2, O>>,
  ): SingleOutputStreamOperator<EmittedBy<D, R | R2>, O>;
  /** Keys both streams, so that they share state. @example `orders.connect(payments).keyBy((o) => o.id, (p) => p.order)` */
  keyBy<const K>(
    first: (value: A) => CheckedKey<K>,
    second: (value: B) => CheckedKey<K>,
  ): KeyedConnectedStreams<A, B, K>;
}

/** Two streams keyed alike, sharing state and timers of each key. */
export interface KeyedConnectedStreams<A, B, K> {
  /** Any number of records out. See KeyedCoProcessDefinition. @example `orders.connect(payments).process({ state: { open: valueState(Order) }, ... })` */
  process<
    D = NotDeclared,
    R = undefined,
    R2 = undefined,
    RT = undefined,
    S extends StateRecord = {},
    O extends OutputRecord = {},
  >(
    fn:
      | KeyedCoProcessDefinition<K, A, B, D, R, R2, RT, S, O>
      | PerSubtask<KeyedCoProcessDefinition<K, A, B, D, R, R2, RT, S, O>>,
  ): SingleOutputStreamOperator<EmittedBy<D, R | R2 | RT>, O>;
}

/** A stream whose every record goes to all subtasks, with the broadcast states that it fills. */
export interface BroadcastStream<T, B extends BroadcastRecord> {
  readonly "~millrace": "broadcastStream";
  /** The states by name. */
  readonly states: B;
  /** Carries T for the compiler only. */
  readonly "~type"?: () => T;
}

/** A stream and a broadcast one in one operator. */
export interface BroadcastConnectedStream<T, BT, B extends BroadcastRecord> {
  /** See BroadcastProcessDefinition. @example `clicks.connect(rules).process({ onRecord(click, ctx) { ... }, onBroadcast(rule, ctx) { ... } })` */
  process<D = NotDeclared, R = undefined, R2 = undefined, O extends OutputRecord = {}>(
    fn:
      | BroadcastProcessDefinition<T, BT, D, R, R2, B, O>
      | PerSubtask<BroadcastProcessDefinition<T, BT, D, R, R2, B, O>>,
  ): SingleOutputStreamOperator<EmittedBy<D, R | R2>, O>;
}

/** A keyed stream and a broadcast one in one operator. */
export interface KeyedBroadcastConnectedStream<T, K, BT, B extends BroadcastRecord> {
  /** See KeyedBroadcastProcessDefinition. @example `clicks.keyBy("user").connect(rules).process({ ... })` */
  process<
    D = NotDeclared,
    R = undefined,
    R2 = undefined,
    RT = undefined,
    S extends StateRecord = {},
    O extends OutputRecord = {},
  >(
    fn:
      | KeyedBroadcastProcessDefinition<K, T, BT, D, R, R2, RT, B, S, O>
      | PerSubtask<KeyedBroadcastProcessDefinition<K, T, BT, D, R, R2, RT, B, S, O>>,
  ): SingleOutputStreamOperator<EmittedBy<D, R | R2 | RT>, O>;
}

/** Two streams to be joined, before their keys are named. */
export interface JoinedStreams<A, B> {
  /** The key of the first stream. @example `orders.join(payments).where((o) => o.id)` */
  where<const K>(selector: (value: A) => CheckedKey<K>): {
    /** The key of the second stream, of the same type. @example `.equalTo((p) => p.order)` */
    equalTo(selector: (value: B) => K): {
      /** The windows in which records meet. @example `.window(TumblingEventTimeWindows.of(hours(1)))` */
      window<W extends Window>(assigner: WindowAssigner<A | B, W>): JoinedWindows<A, B, K, W>;
    };
  };
}

/** Two streams to be grouped, before their keys are named. */
export interface CoGroupedStreams<A, B> {
  /** The key of the first stream. @example `orders.coGroup(payments).where((o) => o.id)` */
  where<const K>(selector: (value: A) => CheckedKey<K>): {
    /** The key of the second stream, of the same type. @example `.equalTo((p) => p.order)` */
    equalTo(selector: (value: B) => K): {
      /** The windows in which records meet. @example `.window(TumblingEventTimeWindows.of(hours(1)))` */
      window<W extends Window>(assigner: WindowAssigner<A | B, W>): CoGroupedWindows<A, B, K, W>;
    };
  };
}

/** A record of one of two joined streams, as triggers and evictors see it. */
export type JoinRecord<A, B> =
  | { readonly side: 0; readonly value: A }
  | { readonly side: 1; readonly value: B };

/** What windows of joined streams have in common. */
export interface JoinWindowSettings<A, B, W extends Window> {
  /** Fires windows otherwise than at their end. @example `.trigger(CountTrigger.of(10))` */
  trigger(trigger: Trigger<JoinRecord<A, B>, W>): this;
  /** Removes records before or after the function sees them. @example `.evictor(CountEvictor.of(10))` */
  evictor(evictor: Evictor<JoinRecord<A, B>, W>): this;
  /** How long after its end a window still takes late records, ms. @example `.allowedLateness(minutes(5))` */
  allowedLateness(lateness: Duration): this;
}

/** Windows of joined streams. */
export interface JoinedWindows<A, B, K, W extends Window> extends JoinWindowSettings<A, B, W> {
  /** The record of each pair. @example `.apply((order, payment) => ({ order: order.id, paid: payment.amount }))` */
  apply<R>(fn: (first: A, second: B, key: K, window: W) => Sync<R>): SingleOutputStreamOperator<R>;
}

/** Windows of grouped streams. */
export interface CoGroupedWindows<A, B, K, W extends Window> extends JoinWindowSettings<A, B, W> {
  /** The record, or array of records, of each key and window. @example `.apply((orders, payments) => ({ open: orders.length - payments.length }))` */
  apply<R>(
    fn: (first: readonly A[], second: readonly B[], key: K, window: W) => Sync<R>,
  ): SingleOutputStreamOperator<Emitted<R>>;
}

/** Two keyed streams to be joined by time, before the bounds are named. */
export interface IntervalJoin<A, B, K> {
  /** Pairs records with `second's time - first's time` from `lower` to `upper`, ms, both included. @example `.between(-minutes(5), minutes(5))` */
  between(lower: Duration, upper: Duration): BoundedIntervalJoin<A, B, K>;
}

/** An interval join with its bounds. */
export interface BoundedIntervalJoin<A, B, K> {
  /** Excludes the lower bound. @example `.between(0, hours(1)).lowerBoundExclusive()` */
  lowerBoundExclusive(): this;
  /** Excludes the upper bound. @example `.between(0, hours(1)).upperBoundExclusive()` */
  upperBoundExclusive(): this;
  /** Sends records of the first stream that are too late to a side output instead of dropping them. @example `.sideOutputLeftLateData(late)` */
  sideOutputLeftLateData(tag: TagFor<A>): this;
  /** Sends records of the second stream that are too late to a side output instead of dropping them. @example `.sideOutputRightLateData(late)` */
  sideOutputRightLateData(tag: TagFor<B>): this;
  /** The record of each pair. Its timestamp is the later one. @example `.join((order, payment) => ({ order: order.id, paid: payment.amount }))` */
  join<R>(fn: (first: A, second: B, key: K) => Sync<R>): SingleOutputStreamOperator<R>;
  /** Any number of records for each pair: the returned one, or those of the returned array. @example `.process((o, p, { timestamp }) => (p.ok ? { at: timestamp, id: o.id } : undefined))` */
  process<R>(
    fn: (first: A, second: B, context: IntervalJoinContext<K>) => Sync<R>,
  ): SingleOutputStreamOperator<Emitted<R>>;
}

/** What a function on pairs knows of them. */
export interface IntervalJoinContext<K> {
  readonly key: K;
  /** The later of both times, ms. */
  readonly timestamp: Timestamp;
}
