import { MillraceError } from "../../common/errors/millrace-error.ts";
import { operatorUid, type OperatorUid } from "../../common/ids/ids.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { UidGenerator } from "./node-uid.ts";
import { defaultName } from "./operator-names.ts";
import type { OperatorSpec } from "./operator-spec.ts";
import type { ChainingStrategy, PoisonPolicy, StreamEdge, StreamGraph, StreamNode } from "./stream-graph.ts";
import { refuseOpenEnds, validateGraph } from "./validate-graph.ts";

/** What a transformation says of its node. What is left out is the usual. */
export interface NewNode {
  readonly spec: OperatorSpec;
  readonly freshSpec?: (() => OperatorSpec) | undefined;
  readonly inputs: readonly StreamEdge[];
  /** Default: what `defaultName` says of the spec. */
  readonly name?: string | undefined;
  readonly outputType?: TypeInfo<unknown> | undefined;
  readonly sideOutputTypes?: ReadonlyMap<string, TypeInfo<unknown> | undefined>;
  /** One subtask by nature (`windowAll`): its parallelism can't be set. */
  readonly nonParallel?: boolean;
  readonly chaining?: ChainingStrategy;
}

/** What may be said of a node after it was recorded. */
export interface NodePatch {
  readonly name?: string;
  readonly uid?: string;
  readonly outputType?: TypeInfo<unknown> | undefined;
  readonly sideOutputTypes?: ReadonlyMap<string, TypeInfo<unknown> | undefined>;
  readonly parallelism?: number;
  readonly maxParallelism?: number;
  readonly chaining?: ChainingStrategy;
  readonly slotSharingGroup?: string;
  readonly poison?: PoisonPolicy;
}

/** What a program is besides its nodes. */
export interface GraphSettings {
  readonly jobName: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly captured?: Readonly<Record<string, unknown>>;
  /** The sinks to run, by node id: the graph holds them and what leads to them. Default: everything recorded. */
  readonly sinks?: readonly number[];
}

interface Draft extends Omit<StreamNode, "uid" | "uidExplicit"> {
  readonly uid: string | undefined;
  readonly nonParallel: boolean;
}

const FAIL: PoisonPolicy = Object.freeze({ kind: "fail" });
/** The slot sharing group of nodes that were given none. */
export const DEFAULT_SLOT_SHARING_GROUP = "default";

/**
 * Records the nodes of a program in order and builds the immutable graph. A node's inputs must be recorded before it, so
 * that the graph has no cycle.
 *
 * @example
 * ```ts
 * const builder = new StreamGraphBuilder();
 * const source = builder.add({ spec: { kind: "source", source, watermarks }, inputs: [] });
 * builder.add({ spec: { kind: "sink", sink }, inputs: [{ source, input: 0, sideOutput: undefined, partitioner: FORWARD }] });
 * const graph = builder.build({ jobName: "copy" });
 * ```
 */
export class StreamGraphBuilder {
  readonly #drafts: Draft[] = [];

  /** Records a node; answers its id, its position from 0. */
  add(node: NewNode): number {
    const id = this.#drafts.length;
    for (const edge of node.inputs) {
      if (edge.source < 0 || edge.source >= id) {
        throw new MillraceError(
          "INVALID_GRAPH",
          `node ${id} takes input from node ${edge.source}, which is not recorded before it`,
        );
      }
    }
    this.#drafts.push({
      id,
      name: node.name ?? defaultName(node.spec),
      uid: undefined,
      spec: Object.freeze(node.spec),
      freshSpec: node.freshSpec,
      inputs: Object.freeze(node.inputs.map((edge) => Object.freeze({ ...edge }))),
      outputType: node.outputType,
      sideOutputTypes: node.sideOutputTypes ?? new Map(),
      parallelism: node.nonParallel === true ? 1 : undefined,
      maxParallelism: node.nonParallel === true ? 1 : undefined,
      nonParallel: node.nonParallel ?? false,
      chaining: node.chaining ?? "always",
      slotSharingGroup: DEFAULT_SLOT_SHARING_GROUP,
      poison: FAIL,
    });
    return id;
  }

  /** Changes what is said of a node. @throws MillraceError INVALID_ARGUMENT, INVALID_GRAPH */
  update(id: number, patch: NodePatch): void {
    const draft = this.node(id);
    if (patch.parallelism !== undefined || patch.maxParallelism !== undefined) {
      for (const n of [patch.parallelism, patch.maxParallelism])
        if (n !== undefined) checkParallelism(draft, n);
    }
    this.#drafts[id] = { ...draft, ...patch };
  }

  /** What is recorded of a node so far. */
  node(id: number): Readonly<Draft> {
    const draft = this.#drafts[id];
    if (draft === undefined) throw new MillraceError("INTERNAL", `no node ${id} is recorded`);
    return draft;
  }

  /** How many nodes are recorded. */
  get size(): number {
    return this.#drafts.length;
  }

  /** Refuses operators whose output goes nowhere: most likely a sink was forgotten. @throws MillraceError INVALID_GRAPH */
  refuseOpenEnds(): void {
    refuseOpenEnds(this.#drafts);
  }

  /** The immutable graph of what is recorded so far. @throws MillraceError INVALID_GRAPH */
  build(settings: GraphSettings): StreamGraph {
    const uids = this.#uids();
    const kept = settings.sinks === undefined ? this.#drafts : this.#leadingTo(settings.sinks);
    const position = new Map(kept.map((draft, index) => [draft.id, index]));
    const nodes = kept.map((draft) => freezeNode(draft, uids[draft.id]!, position));
    const graph: StreamGraph = Object.freeze({
      jobName: settings.jobName,
      nodes: Object.freeze(nodes),
      config: Object.freeze({ ...settings.config }),
      captured: Object.freeze({ ...settings.captured }),
    });
    validateGraph(graph);
    return graph;
  }

  #uids(): readonly OperatorUid[] {
    const generator = new UidGenerator();
    const uids: OperatorUid[] = [];
    for (const { uid, spec, name, inputs } of this.#drafts) {
      const seed = {
        kind: spec.kind,
        name,
        inputs: inputs.map((edge) => ({ ...edge, uid: uids[edge.source]! })),
      };
      uids.push(uid === undefined ? generator.uidOf(seed) : operatorUid(uid));
    }
    return uids;
  }

  #leadingTo(sinks: readonly number[]): readonly Draft[] {
    const needed = new Set(sinks);
    for (let id = this.#drafts.length - 1; id >= 0; id--) {
      if (needed.has(id)) for (const edge of this.node(id).inputs) needed.add(edge.source);
    }
    return this.#drafts.filter(({ id }) => needed.has(id));
  }
}

function freezeNode(draft: Draft, uid: OperatorUid, position: ReadonlyMap<number, number>): StreamNode {
  const { nonParallel: _, ...node } = draft;
  const inputs = draft.inputs.map((edge) => Object.freeze({ ...edge, source: position.get(edge.source)! }));
  return Object.freeze({
    ...node,
    id: position.get(draft.id)!,
    uid,
    uidExplicit: draft.uid !== undefined,
    inputs: Object.freeze(inputs),
    poison: Object.freeze(draft.poison),
  });
}

function checkParallelism(draft: Draft, parallelism: number): void {
  if (!Number.isSafeInteger(parallelism) || parallelism < 1 || parallelism > 32_768) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `the parallelism of "${draft.name}" must be a whole number from 1 to 32768, got ${parallelism}`,
    );
  }
  if (draft.nonParallel && parallelism !== 1) {
    throw new MillraceError(
      "INVALID_GRAPH",
      `"${draft.name}" sees all records of its stream, so it runs in one subtask; got parallelism ${parallelism}`,
      { help: "Key the stream first (keyBy) and use the keyed operator: it runs in parallel." },
    );
  }
}
