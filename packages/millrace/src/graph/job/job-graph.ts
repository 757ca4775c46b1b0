import type { VertexId } from "../../common/ids/ids.ts";
import type { PartitionerKind } from "../stream/stream-graph.ts";

/*
 * The job graph is plain serializable data: what a JobMaster schedules. Functions stay in the stream graph, which every slot
 * rebuilds; node ids tie the two together.
 */

/** A chain of operators that runs as one task in each of `parallelism` subtasks. Frozen. */
export interface JobVertex {
  readonly id: VertexId;
  /** "Source: flights -> filter -> map". */
  readonly name: string;
  /** Stream nodes in preorder: the head first, parents before children; chains may branch. */
  readonly nodes: readonly number[];
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly slotSharingGroup: string;
}

/** A connection between two vertices. Its position in `JobGraph.edges` identifies it. Frozen. */
export interface JobEdge {
  readonly source: VertexId;
  readonly target: VertexId;
  /** The stream node that emits, one of the source vertex. */
  readonly sourceNode: number;
  /** The head node of the target vertex. */
  readonly targetNode: number;
  /** Position of the edge in the target node's `inputs`: where its partitioner's functions are found. */
  readonly targetInput: number;
  /** Which input of the head operator it feeds. */
  readonly input: 0 | 1;
  readonly sideOutput: string | undefined;
  readonly partitioner: PartitionerKind;
}

/** A whole job, as data. */
export interface JobGraph {
  readonly jobName: string;
  /** In topological order. */
  readonly vertices: readonly JobVertex[];
  readonly edges: readonly JobEdge[];
  /** Equal for two builds of the same program; see `fingerprint`. */
  readonly fingerprint: string;
}
