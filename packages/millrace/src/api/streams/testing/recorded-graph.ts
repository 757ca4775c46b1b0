import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Sink } from "../../../common/connector/sink.ts";
import type { Source } from "../../../common/connector/source.ts";
import type { Collector } from "../../../common/functions/functions.ts";
import { Types } from "../../../common/types/types.ts";
import type { OperatorKind, OperatorSpec } from "../../../graph/stream/operator-spec.ts";
import type { StreamGraph, StreamNode } from "../../../graph/stream/stream-graph.ts";
import type { BuiltinConnectors } from "../../builtin-connectors.ts";
import { StreamExecutionEnvironment } from "../../environment/stream-execution-environment.ts";
import type { DataStream } from "../streams.ts";

// Connectors that are recorded and never run.
const notRun = (): never => {
  throw new MillraceError("INTERNAL", "nothing is run here");
};
const source = <T>(name: string): Source<T> => ({
  name,
  boundedness: "bounded",
  guarantee: "exactly-once",
  createEnumerator: notRun,
  createReader: notRun,
});
const sink = (name: string): Sink<unknown, unknown, unknown> => ({
  name,
  guarantee: "none",
  createWriter: notRun,
});
const connectors: BuiltinConnectors = {
  items: () => source("items source"),
  asyncIterable: () => source("async iterable source"),
  sequence: () => source("sequence source"),
  generator: () => source("generator source"),
  print: () => sink("print sink"),
  collect: () => sink("collect sink"),
};

/** The records of the streams under test. */
export interface Flight {
  origin: string;
  delay: number;
  at: number;
}
/** Their type. */
export const flight = Types.object({ origin: Types.string, delay: Types.int, at: Types.timestamp });
/** An environment that only records. */
export const newEnv = (): StreamExecutionEnvironment =>
  new StreamExecutionEnvironment({ connectors, executor: undefined });
/** A stream of flights. */
export const flightsOf = (env: StreamExecutionEnvironment): DataStream<Flight> =>
  env.fromItems<Flight>([], { type: flight, name: "flights" });

/** The graph that a program records, all of whose ends are printed. */
export function graphOf(
  program: (
    flights: DataStream<Flight>,
    env: StreamExecutionEnvironment,
  ) => readonly DataStream<unknown>[] | DataStream<unknown>,
): StreamGraph {
  const env = newEnv();
  for (const end of [program(flightsOf(env), env)].flat()) end.print();
  return env.getStreamGraph("test");
}
/** The graph of one operator on the flights. */
export const operatorOf = (
  program: (flights: DataStream<Flight>, env: StreamExecutionEnvironment) => DataStream<unknown>,
): StreamNode => graphOf(program).nodes.at(-2)!;

/** The spec of a kind. */
export type SpecOf<K extends OperatorKind> = Extract<OperatorSpec, { readonly kind: K }>;
/** A node's spec, which must be of a kind. */
export function specOf<K extends OperatorKind>(node: StreamNode, kind: K): SpecOf<K> {
  if (node.spec.kind === kind) return node.spec as SpecOf<K>;
  throw new MillraceError("INTERNAL", `expected a node of kind ${kind}, got ${node.spec.kind}`);
}

/** Collects what a recorded function emits. */
export const collecting = (): { out: unknown[]; context: Collector<unknown> } => {
  const out: unknown[] = [];
  return { out, context: { collect: (value) => void out.push(value) } };
};
