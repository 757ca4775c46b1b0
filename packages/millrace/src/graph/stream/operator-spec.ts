import type { Sink } from "../../common/connector/sink.ts";
import type { Source, SourceSplit } from "../../common/connector/source.ts";
import type { AsyncOptions, RichAsyncFunction } from "../../common/functions/async-functions.ts";
import type { KeySelector, ReduceFunction } from "../../common/functions/functions.ts";
import type {
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
} from "../../common/functions/functions.ts";
import type {
  BroadcastProcessFunction,
  BroadcastRecord,
  CoProcessFunction,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  ProcessFunction,
} from "../../common/functions/process-functions.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { AggregateFunction } from "../../common/state/state.ts";
import type { Duration } from "../../common/time/durations.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { Evictor, Trigger } from "../../common/windows/trigger.ts";
import type { WindowAssigner } from "../../common/windows/window-assigner.ts";
import type { ProcessWindowFunction, WindowResultFunction } from "../../common/windows/window-functions.ts";

/*
 * What an operator does, as the API recorded it. Functions are held here and nowhere else: the job graph is plain data,
 * and each slot takes its functions from the stream graph that it built itself. Types are erased to `unknown` here; the
 * API's signatures are what keeps them right.
 */

/** Reads a source, assigns timestamps, makes watermarks. */
export interface SourceSpec {
  readonly kind: "source";
  readonly source: Source<unknown, SourceSplit, unknown>;
  readonly watermarks: WatermarkStrategy<unknown>;
}
/** The three functions that chains inline. `fn` is the bare function; `rich` its object, where it came as one. */
export interface MapSpec {
  readonly kind: "map";
  readonly fn: (value: unknown) => unknown;
  readonly rich?: RichMapFunction<unknown, unknown>;
}
export interface FilterSpec {
  readonly kind: "filter";
  readonly fn: (value: unknown) => boolean;
  readonly rich?: RichFilterFunction<unknown>;
}
export interface FlatMapSpec {
  readonly kind: "flatMap";
  readonly fn: (
    value: unknown,
    out: { collect(value: unknown): void },
  ) => Iterable<unknown> | undefined | void;
  readonly rich?: RichFlatMapFunction<unknown, unknown>;
}
/** Timestamps and watermarks in the middle of a stream. */
export interface WatermarksSpec {
  readonly kind: "watermarks";
  readonly watermarks: WatermarkStrategy<unknown>;
}
export interface ProcessSpec {
  readonly kind: "process";
  readonly fn: ProcessFunction<unknown, unknown>;
}
export interface KeyedProcessSpec {
  readonly kind: "keyedProcess";
  readonly keySelector: KeySelector<unknown, unknown>;
  readonly fn: KeyedProcessFunction<unknown, unknown, unknown>;
}
export interface CoProcessSpec {
  readonly kind: "coProcess";
  readonly fn: CoProcessFunction<unknown, unknown, unknown>;
}
export interface KeyedCoProcessSpec {
  readonly kind: "keyedCoProcess";
  readonly keySelectors: readonly [KeySelector<unknown, unknown>, KeySelector<unknown, unknown>];
  readonly fn: KeyedCoProcessFunction<unknown, unknown, unknown, unknown>;
}
/** Input 0 is the stream, input 1 the broadcast one. */
export interface BroadcastProcessSpec {
  readonly kind: "broadcastProcess";
  readonly broadcast: BroadcastRecord;
  readonly fn: BroadcastProcessFunction<unknown, unknown, unknown>;
}
export interface KeyedBroadcastProcessSpec {
  readonly kind: "keyedBroadcastProcess";
  readonly keySelector: KeySelector<unknown, unknown>;
  readonly broadcast: BroadcastRecord;
  readonly fn: KeyedBroadcastProcessFunction<unknown, unknown, unknown, unknown>;
}
/** Rolling reduce: emits the new value of the key for each record. */
export interface KeyedReduceSpec {
  readonly kind: "keyedReduce";
  readonly keySelector: KeySelector<unknown, unknown>;
  readonly reduce: ReduceFunction<unknown>;
  readonly type: TypeInfo<unknown> | undefined;
}
/** Rolling aggregate: emits the aggregate's result of the key for each record. */
export interface KeyedAggregateSpec {
  readonly kind: "keyedAggregate";
  readonly keySelector: KeySelector<unknown, unknown>;
  readonly aggregate: AggregateFunction<unknown, unknown, unknown>;
  readonly result: (key: unknown, result: unknown) => unknown;
}

/** What happens to a window's records. Functions of whatever window kind: `any` in its place. */
export type WindowContents =
  | {
      readonly kind: "reduce";
      readonly reduce: ReduceFunction<unknown>;
      /** Whether the user marked it commutative and associative, so that slices may be shared. */
      readonly mergeable: boolean;
      readonly type: TypeInfo<unknown> | undefined;
      readonly output: WindowOutput;
    }
  | {
      readonly kind: "aggregate";
      readonly aggregate: AggregateFunction<unknown, unknown, unknown>;
      readonly output: WindowOutput;
    }
  | {
      readonly kind: "process";
      readonly type: TypeInfo<unknown> | undefined;
      readonly fn: ProcessWindowFunction<unknown, any, unknown, unknown>;
    };

/** `any` as above. What a reduced or aggregated window emits: the bare result, a record made of it, or what a function says. */
export type WindowOutput =
  | { readonly kind: "bare" }
  | { readonly kind: "result"; readonly fn: WindowResultFunction<unknown, any, unknown, unknown> }
  | { readonly kind: "process"; readonly fn: ProcessWindowFunction<unknown, any, unknown, unknown> };

export interface WindowSpec {
  readonly kind: "window";
  readonly keySelector: KeySelector<unknown, unknown>;
  readonly assigner: WindowAssigner<unknown>;
  /** The user's trigger; undefined for the assigner's default. */
  readonly trigger: Trigger<unknown> | undefined;
  readonly evictor: Evictor<unknown> | undefined;
  /** ms; 0 where none was given. */
  readonly allowedLateness: Duration;
  /** Where late records go; dropped and counted where undefined. */
  readonly lateOutput: OutputTag<unknown> | undefined;
  readonly contents: WindowContents;
}
/** Pairs of records whose times lie within bounds: right - left in [lower, upper], ms. */
export interface IntervalJoinSpec {
  readonly kind: "intervalJoin";
  readonly keySelectors: readonly [KeySelector<unknown, unknown>, KeySelector<unknown, unknown>];
  readonly lower: Duration;
  readonly upper: Duration;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly types: readonly [TypeInfo<unknown> | undefined, TypeInfo<unknown> | undefined];
  readonly lateOutputs: readonly [OutputTag<unknown> | undefined, OutputTag<unknown> | undefined];
  readonly join: (
    left: unknown,
    right: unknown,
    context: { readonly timestamp: number; collect(value: unknown): void },
  ) => unknown;
}
export interface AsyncSpec {
  readonly kind: "async";
  readonly fn: RichAsyncFunction<unknown, unknown>;
  readonly options: Required<Omit<AsyncOptions, "retry">> & Pick<AsyncOptions, "retry">;
  /** Whether results are arrays whose elements are emitted one by one. */
  readonly flat: boolean;
  /** Directly behind a `keyBy`: its selector. Requests underway are restored where their keys are then. */
  readonly inFlightKey?: KeySelector<unknown, unknown>;
  /** The input's type, for in-flight records in snapshots. */
  readonly inputType: TypeInfo<unknown> | undefined;
}
export interface SinkSpec {
  readonly kind: "sink";
  readonly sink: Sink<unknown, unknown, unknown>;
}

/** Every operator there is. A new kind fails to compile where it is forgotten. */
export type OperatorSpec =
  | SourceSpec
  | MapSpec
  | FilterSpec
  | FlatMapSpec
  | WatermarksSpec
  | ProcessSpec
  | KeyedProcessSpec
  | CoProcessSpec
  | KeyedCoProcessSpec
  | BroadcastProcessSpec
  | KeyedBroadcastProcessSpec
  | KeyedReduceSpec
  | KeyedAggregateSpec
  | WindowSpec
  | IntervalJoinSpec
  | AsyncSpec
  | SinkSpec;
export type OperatorKind = OperatorSpec["kind"];
