import type { VertexId } from "../../../../common/ids/ids.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../../../graph/stream/stream-graph.ts";
import { streamNode } from "../../../../runtime/task/chain-layout.ts";
import { DisjointSets } from "../units/disjoint-sets.ts";

/** A vertex as far as its parallelism is concerned. */
export interface ScalableVertex {
  readonly id: VertexId;
  readonly name: string;
  readonly slotSharingGroup: string;
  /** What its program and settings say. */
  readonly parallelism: number;
  /** The highest that it can ever have: by its key groups, its source, its sinks. */
  readonly limit: number;
  /** Whether the program sets the parallelism itself. */
  readonly set: boolean;
  /** Vertices of the same number have the same parallelism, because a `forward()` ties them together. */
  readonly tie: number;
}

/** The vertices of a job as it was built, before anything was overridden. */
export function scalableVertices(
  streamGraph: StreamGraph,
  { vertices, edges }: JobGraph,
): readonly ScalableVertex[] {
  const position = new Map(vertices.map(({ id }, index) => [id, index]));
  const ties = new DisjointSets(vertices.length);
  for (const edge of edges) {
    const partitioner = streamNode(streamGraph, edge.targetNode).inputs[edge.targetInput]?.partitioner;
    if (partitioner?.kind === "forward" && partitioner.explicit === true)
      ties.join(position.get(edge.source) ?? 0, position.get(edge.target) ?? 0);
  }
  const tieOf = new Map(
    ties.groups().flatMap((members, tie) => members.map((member) => [member, tie] as const)),
  );
  return vertices.map(({ id, name, nodes, parallelism, maxParallelism, slotSharingGroup }, index) => {
    const specs = nodes.map((node) => streamNode(streamGraph, node));
    const limits = specs.map(({ spec }) =>
      spec.kind === "source"
        ? spec.source.maxParallelism
        : spec.kind === "sink"
          ? spec.sink.maxParallelism
          : undefined,
    );
    return {
      id,
      name,
      slotSharingGroup,
      parallelism,
      limit: limits.reduce<number>((least, limit) => Math.min(least, limit ?? Infinity), maxParallelism),
      set: specs.some((node) => node.parallelism !== undefined),
      tie: tieOf.get(index) ?? index,
    };
  });
}
