import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { OperatorKind } from "./operator-spec.ts";
import type { StreamEdge, StreamGraph, StreamNode } from "./stream-graph.ts";

/** How many inputs an operator of each kind has. */
const INPUTS: Readonly<Record<OperatorKind, 0 | 1 | 2>> = {
  source: 0,
  map: 1,
  filter: 1,
  flatMap: 1,
  watermarks: 1,
  process: 1,
  keyedProcess: 1,
  coProcess: 2,
  keyedCoProcess: 2,
  broadcastProcess: 2,
  keyedBroadcastProcess: 2,
  keyedReduce: 1,
  keyedAggregate: 1,
  window: 1,
  intervalJoin: 2,
  async: 1,
  sink: 1,
};

/**
 * Whether a graph can run: inputs fit the operators and lead from earlier to later nodes, every output is taken, uids are
 * unique, parallelisms agree with what their operators allow.
 *
 * @throws MillraceError INVALID_GRAPH naming the first node that is wrong
 */
export function validateGraph(graph: StreamGraph): void {
  if (graph.nodes.length === 0) {
    throw new MillraceError(
      "INVALID_GRAPH",
      `job "${graph.jobName}" does nothing: it has no source and no sink`,
      {
        help: "Start with env.fromSource(...) and end with .sinkTo(...).",
      },
    );
  }
  checkUids(graph.nodes);
  graph.nodes.forEach((node, index) => checkNode(graph, node, index));
  refuseOpenEnds(graph.nodes);
}

function checkNode(graph: StreamGraph, node: StreamNode, index: number): void {
  if (node.id !== index) throw invalid(node, `stands at position ${index}, but has id ${node.id}`);
  const expected = INPUTS[node.spec.kind];
  for (let input = 0; input < expected; input++) {
    if (!node.inputs.some((edge) => edge.input === input))
      throw invalid(node, `has nothing at input ${input}`);
  }
  for (const edge of node.inputs) checkEdge(graph, node, edge, expected);
  checkParallelism(node);
}

function checkEdge(graph: StreamGraph, node: StreamNode, edge: StreamEdge, inputs: number): void {
  const source = graph.nodes[edge.source];
  if (edge.input >= inputs)
    throw invalid(node, `has an edge to input ${edge.input}, but only ${inputs} inputs`);
  if (source === undefined || edge.source >= node.id) {
    throw invalid(node, `takes input from node ${edge.source}, which does not stand before it`);
  }
  if (source.spec.kind === "sink") throw invalid(node, `takes input from the sink "${source.name}"`);
  if (edge.sideOutput !== undefined && !source.sideOutputTypes.has(edge.sideOutput)) {
    throw invalid(
      node,
      `takes side output "${edge.sideOutput}" of "${source.name}", which does not declare it`,
    );
  }
}

function checkParallelism(node: StreamNode): void {
  const { parallelism, maxParallelism, spec } = node;
  if (parallelism === undefined) return;
  if (maxParallelism !== undefined && parallelism > maxParallelism) {
    throw invalid(node, `has parallelism ${parallelism}, above its max parallelism ${maxParallelism}`);
  }
  const limit =
    spec.kind === "source"
      ? spec.source.maxParallelism
      : spec.kind === "sink"
        ? spec.sink.maxParallelism
        : undefined;
  if (limit !== undefined && parallelism > limit) {
    throw invalid(node, `has parallelism ${parallelism}, but its ${spec.kind} can use at most ${limit}`);
  }
}

function checkUids(nodes: readonly StreamNode[]): void {
  const seen = new Map<string, StreamNode>();
  for (const node of nodes) {
    const other = seen.get(node.uid);
    if (other !== undefined) {
      throw new MillraceError(
        "INVALID_GRAPH",
        `uid "${node.uid}" is given to two operators: "${other.name}" (node ${other.id}) and "${node.name}" (node ${node.id})`,
        { help: "A uid ties one operator to its state: give each its own." },
      );
    }
    seen.set(node.uid, node);
  }
}

/** Refuses nodes whose output goes nowhere. @throws MillraceError INVALID_GRAPH naming the first */
export function refuseOpenEnds(nodes: readonly Pick<StreamNode, "id" | "name" | "spec" | "inputs">[]): void {
  const taken = new Set(nodes.flatMap((node) => node.inputs.map((edge) => edge.source)));
  for (const node of nodes) {
    if (node.spec.kind === "sink" || taken.has(node.id)) continue;
    throw new MillraceError("INVALID_GRAPH", `the output of "${node.name}" (node ${node.id}) goes nowhere`, {
      help: "End the stream with .sinkTo(...) or .print(), or leave the operator out.",
      details: { node: node.id },
    });
  }
}

function invalid(node: StreamNode, problem: string): MillraceError {
  return new MillraceError(
    "INVALID_GRAPH",
    `"${node.name}" (node ${node.id}, ${node.spec.kind}) ${problem}`,
    {
      details: { node: node.id, uid: node.uid },
    },
  );
}
