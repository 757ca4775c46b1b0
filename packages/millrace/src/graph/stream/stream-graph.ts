import type { KeySelector, PartitionFunction } from "../../common/functions/functions.ts";
import type { OperatorUid } from "../../common/ids/ids.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { OperatorSpec } from "./operator-spec.ts";

/** How records find their subtask. */
export type Partitioner =
  /**
   * Subtask i to subtask i, without a shuffle; the only one that chains. Between different parallelisms it becomes
   * rebalance, and is refused where the program asked for it (`explicit`).
   */
  | { readonly kind: "forward"; readonly explicit?: boolean }
  /** By key group. */
  | { readonly kind: "hash"; readonly keySelector: KeySelector<unknown, unknown> }
  /** Round robin over all. */
  | { readonly kind: "rebalance" }
  /** Round robin over a share, so that records stay near. */
  | { readonly kind: "rescale" }
  /** At random over all. */
  | { readonly kind: "shuffle" }
  /** To all. */
  | { readonly kind: "broadcast" }
  /** To the first. */
  | { readonly kind: "global" }
  | {
      readonly kind: "custom";
      readonly keySelector: KeySelector<unknown, unknown>;
      readonly partition: PartitionFunction<unknown>;
    };
export type PartitionerKind = Partitioner["kind"];

/** What happens to a record whose processing throws. */
export type PoisonPolicy =
  | { readonly kind: "fail" }
  /** Skipped, counted in the metric `numRecordsSkipped`, the first few logged. */
  | { readonly kind: "skip" }
  /** To a side output, as a DeadLetter. */
  | { readonly kind: "deadLetter"; readonly tag: OutputTag<unknown> };

/** Whether an operator may run in one task with its neighbour. */
export type ChainingStrategy = "always" | "head" | "never";

/** Where a node's input comes from. */
export interface StreamEdge {
  /** Id of the node upstream. */
  readonly source: number;
  /** 0, or 1 for the second input of two. Several edges may feed the same input (union). */
  readonly input: 0 | 1;
  /** The side output it takes, by tag id; undefined for the main output. */
  readonly sideOutput: string | undefined;
  readonly partitioner: Partitioner;
}

/** One recorded transformation. Frozen. */
export interface StreamNode {
  /** Position of recording, from 0. */
  readonly id: number;
  readonly name: string;
  /** Ties the operator to its state: given, or a hash of the node's position in the graph. */
  readonly uid: OperatorUid;
  readonly uidExplicit: boolean;
  readonly spec: OperatorSpec;
  /**
   * Makes the spec with function objects of its own, where the program gave a factory (`perSubtask`). Each subtask and
   * attempt calls it once; where it is undefined, the functions of `spec` are shared by the subtasks that use this graph.
   */
  readonly freshSpec: (() => OperatorSpec) | undefined;
  readonly inputs: readonly StreamEdge[];
  /** The type of the main output's records, where declared. */
  readonly outputType: TypeInfo<unknown> | undefined;
  /** Types of side outputs by tag id. */
  readonly sideOutputTypes: ReadonlyMap<string, TypeInfo<unknown> | undefined>;
  /** undefined: the environment's. */
  readonly parallelism: number | undefined;
  readonly maxParallelism: number | undefined;
  readonly chaining: ChainingStrategy;
  readonly slotSharingGroup: string;
  readonly poison: PoisonPolicy;
}

/** A whole program. Immutable once built. */
export interface StreamGraph {
  readonly jobName: string;
  readonly nodes: readonly StreamNode[];
  /** Settings that the program made by `env.config`, by option key. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Values of `env.capture`, evaluated once at submission. Plain data. */
  readonly captured: Readonly<Record<string, unknown>>;
}
