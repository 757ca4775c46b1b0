import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { JobEdge, JobGraph, JobVertex } from "../../graph/job/job-graph.ts";
import type { StreamGraph, StreamNode } from "../../graph/stream/stream-graph.ts";
import type { ChannelPlace } from "../checkpoint/channel-state/channel-place.ts";
import type { RecordWriter } from "../network/record-writer/record-writer.ts";
import type { ChainNode, ChainTarget } from "./chain/chain-node.ts";

/** One output edge of a vertex and the writer that serves it in this subtask. */
export interface EdgeWriter {
  readonly edge: JobEdge;
  readonly writer: RecordWriter;
  /** Of the writer's channels, in their order; without them barriers stay in line. */
  readonly places?: readonly ChannelPlace[];
}

/** The stream node of an id. */
export function streamNode(graph: StreamGraph, id: number): StreamNode {
  // Ids are positions, unless the graph holds only a part of what was recorded.
  const node = graph.nodes[id]?.id === id ? graph.nodes[id] : graph.nodes.find((other) => other.id === id);
  if (node === undefined) throw new MillraceError("INTERNAL", `the stream graph has no node ${id}`);
  return node;
}

/** The edges that leave a vertex, with their positions in the job graph. */
export function outputEdges(
  graph: JobGraph,
  vertex: JobVertex,
): readonly { readonly index: number; readonly edge: JobEdge }[] {
  return graph.edges.map((edge, index) => ({ index, edge })).filter(({ edge }) => edge.source === vertex.id);
}

/**
 * The nodes of a vertex as its chain sees them: which operators and writers take each one's main and side outputs.
 */
export function layOutChain(
  graph: StreamGraph,
  vertex: JobVertex,
  writers: readonly EdgeWriter[],
): ChainNode[] {
  const position = new Map(vertex.nodes.map((id, index) => [id, index]));
  const parents = vertex.nodes.map(() => -1);
  const mains: ChainTarget[][] = vertex.nodes.map(() => []);
  const sides: Map<string, ChainTarget[]>[] = vertex.nodes.map(() => new Map());
  const add = (from: number, sideOutput: string | undefined, target: ChainTarget): void => {
    if (sideOutput === undefined) (mains[from] as ChainTarget[]).push(target);
    else {
      const targets = sides[from]?.get(sideOutput) ?? [];
      targets.push(target);
      sides[from]?.set(sideOutput, targets);
    }
  };
  vertex.nodes.forEach((id, index) => {
    if (index === 0) return;
    const [input] = streamNode(graph, id).inputs;
    const parent = input === undefined ? undefined : position.get(input.source);
    if (input === undefined || parent === undefined || parent >= index) {
      throw new MillraceError(
        "INTERNAL",
        `node ${id} is chained into ${vertex.name}, but its input is not before it`,
      );
    }
    parents[index] = parent;
    add(parent, input.sideOutput, { kind: "operator", index });
  });
  for (const { edge, writer } of writers)
    add(position.get(edge.sourceNode) ?? 0, edge.sideOutput, { kind: "writer", writer });
  return vertex.nodes.map((id, index) => {
    const node = streamNode(graph, id);
    return {
      index,
      parent: parents[index] as number,
      name: node.name,
      uid: node.uid,
      // A function that came as a factory is made anew for each subtask and attempt.
      spec: node.freshSpec?.() ?? node.spec,
      poison: node.poison,
      main: mains[index] as ChainTarget[],
      sides: sides[index] as Map<string, ChainTarget[]>,
    };
  });
}
