import type { Sink } from "../../common/connector/sink.ts";
import type { OutputRecord } from "../../common/functions/process-functions.ts";
import type { KeySelector } from "../../common/functions/functions.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { BroadcastRecord } from "../../common/functions/process-functions.ts";
import type { WindowAssigner } from "../../common/windows/window-assigner.ts";
import type { Window } from "../../common/windows/window.ts";
import type { Partitioner } from "../../graph/stream/stream-graph.ts";
import type { NewNode, StreamGraphBuilder } from "../../graph/stream/stream-graph-builder.ts";
import type { CollectedRecords } from "./collected-records.ts";
import type { DataStreamSink } from "./operator-settings.ts";
import type {
  AllWindowedStream,
  BroadcastConnectedStream,
  BroadcastStream,
  CoGroupedStreams,
  ConnectedStreams,
  DataStream,
  IntervalJoin,
  JoinedStreams,
  KeyedBroadcastConnectedStream,
  KeyedConnectedStreams,
  KeyedStream,
  SingleOutputStreamOperator,
  WindowedStream,
} from "./streams.ts";

/** An output of a node that a stream stands for. */
export interface Upstream {
  readonly node: number;
  /** The side output, by tag id; undefined for the main output. */
  readonly sideOutput: string | undefined;
  readonly partitioner: Partitioner;
  readonly type: TypeInfo<unknown> | undefined;
}

/** Where records come from: several upstreams are a union. */
export type Upstreams = readonly Upstream[];

/** What streams share that belong to one program: its recorded nodes and the ways to go on from them. */
export interface Recording {
  readonly builder: StreamGraphBuilder;
  readonly streams: StreamFactory;
  /** Records a sink. */
  addSink(
    upstreams: Upstreams,
    sink: Sink<unknown, unknown, unknown>,
    name: string | undefined,
  ): DataStreamSink;
  /** Records a printing sink. */
  print(upstreams: Upstreams, prefix: string | undefined): DataStreamSink;
  /** Records a sink that hands its records to the program. `execute` starts the job at once. */
  collect(
    upstreams: Upstreams,
    execute: { readonly jobName: string | undefined } | undefined,
  ): CollectedRecords<unknown>;
}

/**
 * Makes the streams, so that the files of the streams need not import each other. Types are the callers' affair: what they say of
 * records and keys is only for the compiler.
 */
export interface StreamFactory {
  stream<T>(upstreams: Upstreams): DataStream<T>;
  /** Records a node and answers the stream of its output. */
  operator<T, O extends OutputRecord = {}>(
    node: NewNode,
    outputs?: OutputRecord,
  ): SingleOutputStreamOperator<T, O>;
  keyed<T, K>(upstreams: Upstreams, selector: KeySelector<unknown, unknown>): KeyedStream<T, K>;
  windowed<T, K, W extends Window>(
    upstreams: Upstreams,
    selector: KeySelector<unknown, unknown>,
    assigner: WindowAssigner<unknown, Window>,
  ): WindowedStream<T, K, W>;
  allWindowed<T, W extends Window>(
    upstreams: Upstreams,
    assigner: WindowAssigner<unknown, Window>,
  ): AllWindowedStream<T, W>;
  connected<A, B>(first: Upstreams, second: Upstreams): ConnectedStreams<A, B>;
  keyedConnected<A, B, K>(first: KeyedUpstreams, second: KeyedUpstreams): KeyedConnectedStreams<A, B, K>;
  broadcast<T, B extends BroadcastRecord>(upstreams: Upstreams, states: B): BroadcastStream<T, B>;
  broadcastConnected<T, BT, B extends BroadcastRecord>(
    first: Upstreams,
    second: BroadcastStream<BT, B>,
  ): BroadcastConnectedStream<T, BT, B>;
  keyedBroadcastConnected<T, K, BT, B extends BroadcastRecord>(
    first: KeyedUpstreams,
    second: BroadcastStream<BT, B>,
  ): KeyedBroadcastConnectedStream<T, K, BT, B>;
  joined<A, B>(first: Upstreams, second: Upstreams): JoinedStreams<A, B>;
  coGrouped<A, B>(first: Upstreams, second: Upstreams): CoGroupedStreams<A, B>;
  intervalJoin<A, B, K>(first: KeyedUpstreams, second: KeyedUpstreams): IntervalJoin<A, B, K>;
}

/** Records that are split by a key. */
export interface KeyedUpstreams {
  readonly upstreams: Upstreams;
  readonly selector: KeySelector<unknown, unknown>;
}
