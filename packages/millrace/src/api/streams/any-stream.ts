import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { Sink } from "../../common/connector/sink.ts";
import type {
  AsyncFunction,
  AsyncOptions,
  RichAsyncFunction,
} from "../../common/functions/async-functions.ts";
import type { KeySelector, PartitionFunction } from "../../common/functions/functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import type { BroadcastRecord } from "../../common/functions/process-functions.ts";
import type { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { WindowAssigner } from "../../common/windows/window-assigner.ts";
import type { Window } from "../../common/windows/window.ts";
import type { StreamEdge } from "../../graph/stream/stream-graph.ts";
import {
  BROADCAST,
  customBy,
  EXPLICIT_FORWARD,
  FORWARD,
  GLOBAL,
  hashBy,
  REBALANCE,
  RESCALE,
  SHUFFLE,
} from "../../graph/stream/partitioners.ts";
import type { AsyncSpec } from "../../graph/stream/operator-spec.ts";
import { asyncSpec } from "../functions/async-spec.ts";
import {
  filterSpec,
  flatMapSpec,
  mapSpec,
  requireFunction,
  type FilterArgument,
  type FlatMapArgument,
  type MapArgument,
} from "../functions/element-specs.ts";
import type { SpecWithFactory } from "../functions/fresh-spec.ts";
import { selectorOf } from "../functions/key-selector.ts";
import type { CollectedRecords } from "./collected-records.ts";
import { countWindow } from "./count-window.ts";
import type { Erased } from "./erased.ts";
import type { DataStreamSink } from "./operator-settings.ts";
import { edgesTo, ORIGIN, originOf, partitioned, typeOfUpstreams, type Origin } from "./origin.ts";
import type { Recording, Upstreams } from "./recording.ts";
import type { AcceptingSink, AnyStream } from "./streams.ts";

/** What streams with and without key record alike. */
export abstract class RecordedStream implements AnyStream<Erased> {
  readonly [ORIGIN]: Origin;

  constructor(origin: Origin) {
    this[ORIGIN] = origin;
  }

  map(fn: MapArgument | PerSubtask<MapArgument>): Erased {
    return this.#operator(this.element(mapSpec(fn)));
  }

  flatMap(fn: FlatMapArgument | PerSubtask<FlatMapArgument>): Erased {
    return this.#operator(this.element(flatMapSpec(fn)));
  }

  filter(fn: FilterArgument | PerSubtask<FilterArgument>): Erased {
    return this.#operator({ ...this.element(filterSpec(fn)), outputType: typeOfUpstreams(this.upstreams) });
  }

  keyBy(key: string | KeySelector<Erased, unknown>): Erased {
    const selector = selectorOf("keyBy", key);
    return this.recording.streams.keyed(partitioned(this.upstreams, hashBy(selector)), selector);
  }

  union(...others: readonly AnyStream<Erased>[]): Erased {
    const origins = others.map((other) => originOf(other, "union", this.recording));
    // Which key records have is not known of a union, so they need not stay where their key is.
    const all = [this.upstreams, ...origins.map(({ upstreams }) => upstreams)].flatMap(unkeyed);
    return this.recording.streams.stream(all);
  }

  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<Erased>): Erased {
    return this.#operator({
      spec: { kind: "watermarks", watermarks: strategy },
      freshSpec: undefined,
      outputType: typeOfUpstreams(this.upstreams),
    });
  }

  shuffle(): Erased {
    return this.recording.streams.stream(partitioned(this.upstreams, SHUFFLE));
  }

  rebalance(): Erased {
    return this.recording.streams.stream(partitioned(this.upstreams, REBALANCE));
  }

  rescale(): Erased {
    return this.recording.streams.stream(partitioned(this.upstreams, RESCALE));
  }

  global(): Erased {
    return this.recording.streams.stream(partitioned(this.upstreams, GLOBAL));
  }

  forward(): Erased {
    return this.recording.streams.stream(partitioned(this.upstreams, EXPLICIT_FORWARD));
  }

  broadcast(states?: BroadcastRecord): Erased {
    const everywhere = partitioned(this.upstreams, BROADCAST);
    return states === undefined
      ? this.recording.streams.stream(everywhere)
      : this.recording.streams.broadcast(everywhere, checkBroadcastStates(states));
  }

  partitionCustom(selector: KeySelector<Erased, unknown>, partition: PartitionFunction<Erased>): Erased {
    requireFunction("partitionCustom", "the partition function", partition);
    requireFunction("partitionCustom", "the key selector", selector);
    return this.recording.streams.stream(partitioned(this.upstreams, customBy(selector, partition)));
  }

  asyncMap(
    fn: AsyncArgument | PerSubtask<RichAsyncFunction<Erased, Erased>>,
    options?: AsyncOptions,
  ): Erased {
    return this.#operator(asyncSpec(fn, options, false, this.#asyncInput));
  }

  asyncFlatMap(
    fn: AsyncArgument | PerSubtask<RichAsyncFunction<Erased, Erased>>,
    options?: AsyncOptions,
  ): Erased {
    return this.#operator({
      ...asyncSpec(fn, options, true, this.#asyncInput),
      name: "Async Flat Map",
    });
  }

  join(other: AnyStream<Erased>): Erased {
    return this.recording.streams.joined(this.upstreams, originOf(other, "join", this.recording).upstreams);
  }

  coGroup(other: AnyStream<Erased>): Erased {
    return this.recording.streams.coGrouped(
      this.upstreams,
      originOf(other, "coGroup", this.recording).upstreams,
    );
  }

  windowAll(assigner: WindowAssigner<Erased, Window>): Erased {
    return this.recording.streams.allWindowed(this.upstreams, assigner);
  }

  countWindowAll(size: number, slide?: number): Erased {
    const { assigner, trigger, evictor } = countWindow("countWindowAll", size, slide);
    const windows = this.recording.streams.allWindowed(this.upstreams, assigner).trigger(trigger);
    return evictor === undefined ? windows : windows.evictor(evictor);
  }

  sinkTo(sink: AcceptingSink<Erased>, name?: string): DataStreamSink {
    return this.recording.addSink(this.upstreams, sink as Sink<unknown, unknown, unknown>, name);
  }

  print(prefix?: string): DataStreamSink {
    return this.recording.print(this.upstreams, prefix);
  }

  executeAndCollect(jobName?: string): CollectedRecords<Erased> {
    return this.recording.collect(this.upstreams, { jobName });
  }

  collectAsync(): CollectedRecords<Erased> {
    return this.recording.collect(this.upstreams, undefined);
  }

  get #asyncInput(): Pick<AsyncSpec, "inputType" | "inFlightKey"> {
    const inputType = typeOfUpstreams(this.upstreams);
    const [first] = this.upstreams;
    // All of a keyed stream's origins have the same partitioner.
    return first?.partitioner.kind === "hash"
      ? { inputType, inFlightKey: first.partitioner.keySelector }
      : { inputType };
  }

  protected get upstreams(): Upstreams {
    return this[ORIGIN].upstreams;
  }

  protected get recording(): Recording {
    return this[ORIGIN].recording;
  }

  /** The edges that bring this stream's records to a node. */
  protected edges(input: 0 | 1 = 0): readonly StreamEdge[] {
    return edgesTo(this.upstreams, input);
  }

  /** What becomes of map, filter and flatMap: on keyed streams their objects may have keyed state. */
  protected element(made: SpecWithFactory): SpecWithFactory & { readonly name?: string } {
    return made;
  }

  #operator(node: SpecWithFactory & { readonly name?: string; readonly outputType?: Erased }): Erased {
    return this.recording.streams.operator({ ...node, inputs: this.edges() });
  }
}

type AsyncArgument = AsyncFunction<Erased, Erased> | RichAsyncFunction<Erased, Erased>;

const unkeyed = (upstreams: Upstreams): Upstreams =>
  upstreams.map((upstream) =>
    upstream.partitioner.kind === "hash" ? { ...upstream, partitioner: FORWARD } : upstream,
  );

function checkBroadcastStates(states: BroadcastRecord): BroadcastRecord {
  const entries = Object.entries(states);
  if (entries.length > 0 && entries.every(([, descriptor]) => descriptor?.kind === "map")) return states;
  throw new MillraceError("INVALID_ARGUMENT", "broadcast takes map states by name, one at least", {
    help: "Write broadcast({ rules: mapState(Types.string, Rule) }).",
  });
}
