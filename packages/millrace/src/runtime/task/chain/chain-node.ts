import type { ElementCursor } from "../../../common/codec/frame-codec.ts";
import type { OperatorUid } from "../../../common/ids/ids.ts";
import type { OperatorSpec } from "../../../graph/stream/operator-spec.ts";
import type { PoisonPolicy } from "../../../graph/stream/stream-graph.ts";
import type { Operator, Output } from "../../operators/operator.ts";

/**
 * One operator of a task's chain. Chains are trees: an operator may feed several others of its task, and writers to
 * other tasks besides. Nodes stand in preorder: `index` is the position, parents come before children.
 */
export interface ChainNode {
  readonly index: number;
  /** -1 for the head. */
  readonly parent: number;
  readonly name: string;
  readonly uid: OperatorUid;
  readonly spec: OperatorSpec;
  readonly poison: PoisonPolicy;
  /** Where the main output goes. */
  readonly main: readonly ChainTarget[];
  /** Where side outputs go, by tag id. */
  readonly sides: ReadonlyMap<string, readonly ChainTarget[]>;
}

/** Who takes an operator's output: an operator of the same chain, or a writer. */
export type ChainTarget =
  | { readonly kind: "operator"; readonly index: number }
  | { readonly kind: "writer"; readonly writer: Output<unknown> };

/** What `drain` answers. */
export const Drained = {
  /** The cursor is at its end. */
  END: 0,
  /** The cursor stands on a watermark. */
  WATERMARK: 2,
  /** There is no room behind the input. */
  BLOCKED: 3,
  /** `limit` records were processed; there may be more. */
  LIMIT: 4,
} as const;
export type Drained = (typeof Drained)[keyof typeof Drained];

/** What a chain was doing when a user function threw. */
export interface ChainTrace {
  /** Index of the operator at work. */
  readonly node: number;
  /** Its input record. */
  readonly record: unknown;
}

/**
 * How records run through the operators of a chain; two implementations, one generated and one linked, which one suite
 * holds to the same behaviour.
 */
export interface Chain {
  /** What the operators emit into, by node; given to their contexts before `bind`. */
  readonly outputs: readonly Output<unknown>[];
  /** The side output of a node, undefined where nobody reads it. */
  sideOutput(node: number, tagId: string): Output<unknown> | undefined;
  /** Hands over the operators, in order of nodes. Before the first record. */
  bind(operators: readonly Operator[]): void;
  /** Feeds records to the head until the cursor stops being on a record, there is no room, or `limit` were taken. */
  drain(input: 0 | 1, cursor: ElementCursor<unknown>, limit: number): Drained;
  /** Records fed to the head so far. */
  readonly recordsIn: number;
  /** The operator that was at work last: read it when something was thrown through the chain. */
  trace(): ChainTrace;
  /** Says that operator `node` is at work, outside of `drain`: mails, timers, watermarks. */
  enter(node: number): void;
}
