import { createHash } from "node:crypto";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { vertexId } from "../../common/ids/ids.ts";
import type { VertexId } from "../../common/ids/ids.ts";
import { deriveMaxParallelism, MAX_MAX_PARALLELISM } from "../../common/keys/key-groups.ts";
import type { StreamEdge, StreamGraph, StreamNode } from "../stream/stream-graph.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { JobEdge, JobGraph, JobVertex } from "./job-graph.ts";

/** How a stream graph becomes a job graph. */
export interface JobGraphSettings {
  /** For operators that were given none. */
  readonly parallelism: number;
  /** For operators that were given none; derived from the parallelism where absent (correctness rule 9). */
  readonly maxParallelism?: number | undefined;
  /** By uid, those of the checkpoint that the job starts from: for operators of which nobody says anything else. */
  readonly adoptedMaxParallelism?: Readonly<Record<string, number>> | undefined;
  /**
   * Parallelism by vertex that wins over all else, for a job that is rescaled while it runs: applied after chaining, so that vertices and key
   * groups stay what they are.
   */
  readonly parallelismOverrides?: Readonly<Record<string, number>> | undefined;
  /** Whether operators are chained into one task. Default true. */
  readonly chaining?: boolean;
}

/** 32 hex digits, which clients expect of ids: a generated uid as it is, a given one hashed. */
const hexOf = (uid: string): string =>
  /^[0-9a-f]{32}$/u.test(uid) ? uid : createHash("md5").update(uid).digest("hex");

/** A node with its parallelism settled. */
interface SettledNode {
  readonly node: StreamNode;
  readonly parallelism: number;
  readonly maxParallelism: number;
}

/**
 * Turns a program into what a JobMaster schedules: chains operators into vertices and settles parallelism. Deterministic: every slot
 * that builds the same program gets the same graph, down to the fingerprint.
 *
 * @throws MillraceError INVALID_GRAPH where parallelisms contradict each other
 */
export function createJobGraph(graph: StreamGraph, settings: JobGraphSettings): JobGraph {
  const settled = graph.nodes.map((node) => settle(node, settings));
  const children = childrenOf(graph);
  const heads = graph.nodes.filter((node) => !chainsToInput(settled, graph, node, settings));
  const vertices = heads.map((head): JobVertex => {
    const nodes = chainFrom(head.id, children, (id) => !heads.some((other) => other.id === id));
    const { parallelism, maxParallelism } = settled[head.id] as SettledNode;
    const id = vertexId(hexOf(head.uid));
    return Object.freeze({
      id,
      name: chainName(graph, nodes, children),
      nodes: Object.freeze(nodes),
      parallelism: overridden(id, parallelism, maxParallelism, settings),
      maxParallelism,
      slotSharingGroup: head.slotSharingGroup,
    });
  });
  const edges = heads.flatMap((head) =>
    head.inputs.map((edge, position) => jobEdge(vertices, settled, head, edge, position)),
  );
  const parts = { jobName: graph.jobName, vertices: Object.freeze(vertices), edges: Object.freeze(edges) };
  return Object.freeze({ ...parts, fingerprint: fingerprintOf(graph, parts) });
}

function settle(node: StreamNode, settings: JobGraphSettings): SettledNode {
  const { spec } = node;
  const limit =
    spec.kind === "source"
      ? spec.source.maxParallelism
      : spec.kind === "sink"
        ? spec.sink.maxParallelism
        : undefined;
  const parallelism =
    node.parallelism ?? Math.min(settings.parallelism, limit ?? Infinity, node.maxParallelism ?? Infinity);
  const maxParallelism =
    node.maxParallelism ??
    settings.maxParallelism ??
    adopted(node.uid, parallelism, settings) ??
    deriveMaxParallelism(parallelism);
  if (parallelism > maxParallelism || maxParallelism > MAX_MAX_PARALLELISM) {
    throw new MillraceError(
      "INVALID_GRAPH",
      `"${node.name}" has parallelism ${parallelism} and max parallelism ${maxParallelism}: expected parallelism <= max parallelism <= ${MAX_MAX_PARALLELISM}`,
      {
        help: "Lower the parallelism, or raise the max parallelism (setMaxParallelism, pipeline.max-parallelism).",
      },
    );
  }
  return { node, parallelism, maxParallelism };
}

/**
 * The key groups that state has already (correctness rule 9). An operator that is new takes those of the others where they agree, so that
 * it can be chained to them; one without keyed state, which may have come to more subtasks than that, has its own.
 */
function adopted(
  uid: string,
  parallelism: number,
  { adoptedMaxParallelism = {} }: JobGraphSettings,
): number | undefined {
  const all = new Set(Object.values(adoptedMaxParallelism));
  // Operators may be called like what every object has.
  const own = Object.hasOwn(adoptedMaxParallelism, uid) ? adoptedMaxParallelism[uid] : undefined;
  const found = own ?? (all.size === 1 ? [...all][0] : undefined);
  return found === undefined || found < parallelism ? undefined : found;
}

function overridden(
  id: VertexId,
  parallelism: number,
  maxParallelism: number,
  { parallelismOverrides }: JobGraphSettings,
): number {
  const other = parallelismOverrides?.[id];
  if (other === undefined) return parallelism;
  if (Number.isInteger(other) && other >= 1 && other <= maxParallelism) return other;
  throw new MillraceError(
    "INVALID_GRAPH",
    `vertex ${id} can't run at parallelism ${other}: expected a whole number from 1 to its max parallelism, ${maxParallelism}`,
  );
}

/** Nodes that take a node's output, in order of recording; each once. */
function childrenOf(graph: StreamGraph): readonly (readonly number[])[] {
  const children: number[][] = graph.nodes.map(() => []);
  for (const node of graph.nodes) {
    for (const source of new Set(node.inputs.map((edge) => edge.source))) children[source]?.push(node.id);
  }
  return children;
}

/** Flink's rules: one forward input, the same parallelism and sharing group, and both sides willing. */
function chainsToInput(
  settled: readonly SettledNode[],
  graph: StreamGraph,
  node: StreamNode,
  settings: JobGraphSettings,
): boolean {
  const [edge, second] = node.inputs;
  if (
    edge === undefined ||
    second !== undefined ||
    edge.partitioner.kind !== "forward" ||
    settings.chaining === false
  )
    return false;
  const source = graph.nodes[edge.source] as StreamNode;
  const [mine, its] = [settled[node.id] as SettledNode, settled[source.id] as SettledNode];
  return (
    node.chaining === "always" &&
    source.chaining !== "never" &&
    mine.parallelism === its.parallelism &&
    mine.maxParallelism === its.maxParallelism &&
    node.slotSharingGroup === source.slotSharingGroup
  );
}

/** The chain below a head, in preorder. */
function chainFrom(
  head: number,
  children: readonly (readonly number[])[],
  chained: (id: number) => boolean,
): number[] {
  return [
    head,
    ...(children[head] ?? []).filter(chained).flatMap((child) => chainFrom(child, children, chained)),
  ];
}

/** "Source: flights -> Filter -> (Map, Sink: out)". */
function chainName(
  graph: StreamGraph,
  nodes: readonly number[],
  children: readonly (readonly number[])[],
): string {
  const inChain = new Set(nodes);
  const describe = (id: number): string => {
    const below = (children[id] ?? []).filter((child) => inChain.has(child)).map(describe);
    const { name } = graph.nodes[id] as StreamNode;
    if (below.length === 0) return name;
    return below.length === 1 ? `${name} -> ${below[0]}` : `${name} -> (${below.join(", ")})`;
  };
  return describe(nodes[0] as number);
}

function jobEdge(
  vertices: readonly JobVertex[],
  settled: readonly SettledNode[],
  head: StreamNode,
  edge: StreamEdge,
  position: number,
): JobEdge {
  const source = vertices.find((vertex) => vertex.nodes.includes(edge.source)) as JobVertex;
  const target = vertices.find((vertex) => vertex.nodes[0] === head.id) as JobVertex;
  const { partitioner } = edge;
  const differ = source.parallelism !== target.parallelism;
  if (partitioner.kind === "forward" && partitioner.explicit === true && differ) {
    const from = (settled[edge.source] as SettledNode).node;
    throw new MillraceError(
      "INVALID_GRAPH",
      `forward() from "${from.name}" (parallelism ${source.parallelism}) to "${head.name}" (parallelism ${target.parallelism}) needs equal parallelisms`,
      { help: "Give both the same parallelism, or use rebalance() or rescale()." },
    );
  }
  return Object.freeze({
    source: source.id,
    target: target.id,
    sourceNode: edge.source,
    targetNode: head.id,
    targetInput: position,
    input: edge.input,
    sideOutput: edge.sideOutput,
    partitioner: partitioner.kind === "forward" && differ ? "rebalance" : partitioner.kind,
  });
}
