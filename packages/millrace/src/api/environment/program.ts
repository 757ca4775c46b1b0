import type { Sink } from "../../common/connector/sink.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import { StreamGraphBuilder } from "../../graph/stream/stream-graph-builder.ts";
import type { BuiltinConnectors } from "../builtin-connectors.ts";
import type { JobClient } from "../executor.ts";
import type { CollectedRecords } from "../streams/collected-records.ts";
import { createStreamFactory } from "../streams/create-stream-factory.ts";
import { RecordedSink } from "../streams/data-stream-sink.ts";
import type { DataStreamSink } from "../streams/operator-settings.ts";
import { edgesTo, typeOfUpstreams } from "../streams/origin.ts";
import type { Recording, StreamFactory, Upstreams } from "../streams/recording.ts";
import { CollectedStream } from "./collected-stream.ts";

/** Starts the job of what is recorded. `pruned` leaves out what leads to no sink, instead of refusing it. */
export type Start = (jobName: string | undefined, pruned: boolean) => Promise<JobClient>;

/**
 * What a program has recorded. The sinks recorded since the last execution, and what leads to them, are what the next
 * execution runs.
 */
export class Program implements Recording {
  readonly builder = new StreamGraphBuilder();
  readonly streams: StreamFactory = createStreamFactory(() => this);
  readonly #connectors: BuiltinConnectors;
  readonly #start: Start;
  #sinks: readonly number[] = [];
  #collecting: readonly CollectedStream[] = [];
  #channels = 0;

  constructor(connectors: BuiltinConnectors, start: Start) {
    this.#connectors = connectors;
    this.#start = start;
  }

  addSink(
    upstreams: Upstreams,
    sink: Sink<unknown, unknown, unknown>,
    name: string | undefined,
  ): DataStreamSink {
    if (typeof sink?.createWriter !== "function") {
      throw new MillraceError("INVALID_ARGUMENT", `sinkTo takes a sink, got ${preview(sink)}`);
    }
    const node = this.builder.add({
      spec: { kind: "sink", sink },
      name: name === undefined ? undefined : `Sink: ${name}`,
      inputs: edgesTo(upstreams),
    });
    this.#sinks = [...this.#sinks, node];
    return new RecordedSink(this.builder, node);
  }

  print(upstreams: Upstreams, prefix: string | undefined): DataStreamSink {
    return this.addSink(upstreams, this.#connectors.print(prefix), undefined);
  }

  collect(
    upstreams: Upstreams,
    execute: { readonly jobName: string | undefined } | undefined,
  ): CollectedRecords<unknown> {
    const channel = `collect-${this.#channels++}`;
    const collected = new CollectedStream(channel, execute !== undefined);
    const before = { sinks: this.#sinks, collecting: this.#collecting };
    // One subtask, so that records of one upstream subtask keep their order.
    this.addSink(
      upstreams,
      this.#connectors.collect(channel, typeOfUpstreams(upstreams)),
      "Collect",
    ).setParallelism(1);
    this.#collecting = [...this.#collecting, collected];
    if (execute === undefined) return collected;
    try {
      // A submission that fails is told to whoever walks the records; where nobody does, it is an unhandled rejection.
      void this.#start(execute.jobName, true);
    } catch (error) {
      this.#sinks = before.sinks;
      this.#collecting = before.collecting;
      throw error;
    }
    return collected;
  }

  /** How many streams are collected by the next execution. */
  get collecting(): number {
    return this.#collecting.length;
  }

  /** The sinks of the next execution. */
  get sinks(): readonly number[] {
    return this.#sinks;
  }

  /** An execution has begun: it takes the sinks recorded so far, and brings the records of their collected streams. */
  begin(client: Promise<JobClient>): void {
    for (const collected of this.#collecting) collected.started(client);
    this.#sinks = [];
    this.#collecting = [];
  }
}
