import { describeType } from "../../common/types/describe-type.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { JobGraph, JobVertex } from "../../graph/job/job-graph.ts";
import type { StreamGraph, StreamNode } from "../../graph/stream/stream-graph.ts";
import type { JobProgram } from "../../graph/stream/job-program.ts";

/** A job's plan as plain data: what `millrace info --json` prints. Vertices are in topological order. */
export interface JobPlan {
  readonly job: string;
  readonly description: string | null;
  /** Equal for two builds of the same program. */
  readonly fingerprint: string;
  /** The job's own arguments. */
  readonly args: readonly PlanArg[];
  /** Worker threads that the job takes. */
  readonly slots: number;
  readonly vertices: readonly PlanVertex[];
  readonly edges: readonly PlanEdge[];
}

/** An argument of the job. */
export interface PlanArg {
  readonly name: string;
  /** "path", "int", "one of a, b" ... */
  readonly type: string;
  readonly required: boolean;
  readonly description: string | null;
  readonly default: string | null;
}

/** Operators that run as one task in each subtask. */
export interface PlanVertex {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  /** How many key groups its keyed state has. */
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
  /** In preorder: `depth` tells the tree. */
  readonly operators: readonly PlanOperator[];
}

export interface PlanOperator {
  /** Position in the program, from 0. */
  readonly id: number;
  readonly name: string;
  /** "map", "window" ... */
  readonly kind: string;
  readonly uid: string;
  /** Whether the program gave the uid; state of others is lost when operators are inserted before them. */
  readonly uidExplicit: boolean;
  /** How far below the head of its vertex, whose depth is 0. */
  readonly depth: number;
  /** The declared type of what it emits; null where codecs follow the records' shapes. */
  readonly outputType: string | null;
  /** Declared types of side outputs, by tag. */
  readonly sideOutputs: Readonly<Record<string, string | null>>;
}

/** A way for records from one vertex to another. */
export interface PlanEdge {
  readonly from: string;
  readonly to: string;
  readonly fromOperator: number;
  readonly toOperator: number;
  readonly partitioner: string;
  /** Which input of the operator it feeds. */
  readonly input: 0 | 1;
  /** The tag of the side output it takes; null for the main output. */
  readonly sideOutput: string | null;
}

/** A program with its graphs. */
export interface PlannedJob {
  readonly program: JobProgram;
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
}

export function jobPlan({ program, streamGraph, jobGraph }: PlannedJob): JobPlan {
  return {
    job: jobGraph.jobName,
    description: program.description ?? null,
    fingerprint: jobGraph.fingerprint,
    args: program.args.map(({ name, kind, required, description, defaultText }) => ({
      name,
      type: kind,
      required,
      description: description ?? null,
      default: defaultText ?? null,
    })),
    slots: slotsOf(jobGraph),
    vertices: jobGraph.vertices.map((vertex) => planVertex(vertex, streamGraph)),
    edges: jobGraph.edges.map((edge) => ({
      from: edge.source,
      to: edge.target,
      fromOperator: edge.sourceNode,
      toOperator: edge.targetNode,
      partitioner: edge.partitioner,
      input: edge.input,
      sideOutput: edge.sideOutput ?? null,
    })),
  };
}

/** Vertices of one sharing group share slots; groups have slots of their own. */
function slotsOf({ vertices }: JobGraph): number {
  const largest = new Map<string, number>();
  for (const { slotSharingGroup: group, parallelism } of vertices) {
    largest.set(group, Math.max(largest.get(group) ?? 0, parallelism));
  }
  return [...largest.values()].reduce((sum, slots) => sum + slots, 0);
}

function planVertex(vertex: JobVertex, graph: StreamGraph): PlanVertex {
  const { id, name, parallelism, maxParallelism, slotSharingGroup } = vertex;
  const depths = new Map<number, number>();
  const operators = vertex.nodes.map((nodeId) => {
    const node = graph.nodes[nodeId] as StreamNode;
    const above = Math.max(-1, ...node.inputs.map(({ source }) => depths.get(source) ?? -1));
    depths.set(nodeId, above + 1);
    return planOperator(node, above + 1);
  });
  return { id, name, parallelism, maxParallelism, slotSharingGroup, operators };
}

function planOperator(node: StreamNode, depth: number): PlanOperator {
  const { id, name, uid, uidExplicit, spec, outputType, sideOutputTypes } = node;
  const sides = [...sideOutputTypes].map(([tag, type]) => [tag, typeText(type)] as const);
  return {
    id,
    name,
    kind: spec.kind,
    uid,
    uidExplicit,
    depth,
    outputType: typeText(outputType),
    sideOutputs: Object.fromEntries(sides),
  };
}

function typeText(type: TypeInfo<unknown> | undefined): string | null {
  return type === undefined ? null : describeType(type.description);
}
