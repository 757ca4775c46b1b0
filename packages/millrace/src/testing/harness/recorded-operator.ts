import { createStreamFactory } from "../../api/streams/create-stream-factory.ts";
import { edgesTo } from "../../api/streams/origin.ts";
import type { Recording } from "../../api/streams/recording.ts";
import type { DataStream } from "../../api/streams/streams.ts";
import type { Sink } from "../../common/connector/sink.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import { FORWARD } from "../../graph/stream/partitioners.ts";
import type { Partitioner, StreamNode } from "../../graph/stream/stream-graph.ts";
import { StreamGraphBuilder } from "../../graph/stream/stream-graph-builder.ts";

/** Builds the operator under test: gets the input streams, answers the stream of its output. */
export type BuildOperator = (first: DataStream<never>, second: DataStream<never>) => unknown;

/** An operator as the API recorded it. */
export interface RecordedOperator {
  readonly node: StreamNode;
  /** How records of each input find their subtask. */
  readonly partitioners: readonly Partitioner[];
  readonly inputTypes: readonly [TypeInfo<unknown> | undefined, TypeInfo<unknown> | undefined];
}

const MAIN_OUTPUT = { sideOutput: undefined, partitioner: FORWARD, type: undefined };
/** Where graphs must end. Never written to: the harness takes the records. */
const SINK: Sink<unknown, unknown> = { name: "harness", guarantee: "none", createWriter: refuse };

/**
 * Records the one operator that `build` makes. Each call builds anew, with function objects of its own.
 *
 * @throws MillraceError INVALID_ARGUMENT when it records no operator, or several
 */
export function recordOperator(
  build: BuildOperator,
  types: readonly [TypeInfo<unknown> | undefined, TypeInfo<unknown> | undefined],
): RecordedOperator {
  const builder = new StreamGraphBuilder();
  const recording: Recording = {
    builder,
    streams: createStreamFactory(() => recording),
    addSink: refuse,
    print: refuse,
    collect: refuse,
  };
  const inputs = types.map((type, i) => {
    const node = builder.add({ spec: inputSpec(), inputs: [], name: `input ${i + 1}`, outputType: type });
    return recording.streams.stream<never>([{ ...MAIN_OUTPUT, node, type }]);
  });
  build(inputs[0]!, inputs[1]!);
  const end = builder.size;
  for (let id = 0; id < end; id++) {
    builder.add({ spec: { kind: "sink", sink: SINK }, inputs: edgesTo([{ node: id, ...MAIN_OUTPUT }]) });
  }
  const [node, ...others] = builder.build({ jobName: "harness" }).nodes.slice(inputs.length, end);
  if (node === undefined || others.length > 0) {
    const names = [node, ...others].flatMap((each) => (each === undefined ? [] : [`"${each.name}"`]));
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `a harness tests one operator, but the function recorded ${names.length === 0 ? "none" : names.join(", ")}`,
      {
        help: "Test each operator alone, and whole pipelines with createEnvironment() and executeAndCollect().",
      },
    );
  }
  const partitioners = node.inputs.reduce<Partitioner[]>((found, edge) => {
    found[edge.input] = edge.partitioner;
    return found;
  }, []);
  return { node, partitioners, inputTypes: [types[0], types[1]] };
}

/** A source that is never read: the harness gives the records. */
function inputSpec(): StreamNode["spec"] {
  const source = {
    name: "harness",
    boundedness: "unbounded" as const,
    guarantee: "exactly-once" as const,
    createEnumerator: refuse,
    createReader: refuse,
  };
  return { kind: "source", source, watermarks: WatermarkStrategy.noWatermarks() };
}

function refuse(): never {
  throw new MillraceError("INVALID_ARGUMENT", "a harness tests one operator, without sources and sinks", {
    help: "Return the operator's stream.",
  });
}
