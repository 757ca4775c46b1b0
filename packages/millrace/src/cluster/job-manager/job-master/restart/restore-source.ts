import type { SourceSplit } from "../../../../common/connector/source.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { OperatorUid, VertexId } from "../../../../common/ids/ids.ts";
import type { JobVertex } from "../../../../graph/job/job-graph.ts";
import type { TaskRestore, TaskSnapshot } from "../../../../protocol/control/snapshots.ts";
import type { CompletedCheckpoint } from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import { streamNode } from "../../../../runtime/task/chain-layout.ts";
import { planRestore } from "../../restore/plan-restore.ts";
import type { RestorePlan } from "../../restore/plan-restore.ts";
import type { JobMasterOptions } from "../job-master-options.ts";
import { subtaskKey } from "../units/subtask-key.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";

/** What the job starts from, or starts again: the last plan that was made. */
export class RestoreSource {
  readonly #options: JobMasterOptions;
  readonly #vertices: ReadonlyMap<VertexId, JobVertex>;
  #plan: RestorePlan | undefined;
  /** States of enumerators by the uids of their sources. */
  #enumerators: ReadonlyMap<OperatorUid, Uint8Array> = new Map();

  constructor(options: JobMasterOptions) {
    this.#options = options;
    this.#vertices = new Map(options.jobGraph.vertices.map((vertex) => [vertex.id, vertex]));
  }

  /** What the job is started from the first time, with the subtasks that have nothing more to do. */
  get initial():
    | {
        readonly checkpoint: CompletedCheckpoint;
        readonly claimed: boolean;
        readonly finished: ReadonlyMap<SubtaskKey, TaskSnapshot>;
      }
    | undefined {
    const { restore, jobGraph } = this.#options;
    if (restore === undefined) return undefined;
    const plan = this.#planned(restore.checkpoint);
    const finished = new Map<SubtaskKey, TaskSnapshot>();
    for (const vertex of jobGraph.vertices) {
      for (let subtask = 0; subtask < vertex.parallelism; subtask++) {
        // Its state is nobody's any more: nothing will be restored from it, at whatever parallelism.
        if (plan.task(vertex, subtask).finished)
          finished.set(subtaskKey(vertex.id, subtask), { operators: [], channels: [], finished: true });
      }
    }
    return { checkpoint: restore.checkpoint, claimed: restore.claim, finished };
  }

  /** Plans to start from a checkpoint, or from nothing. @throws CHECKPOINT_CORRUPT */
  plan(checkpoint: CompletedCheckpoint | undefined): void {
    this.#plan = checkpoint === undefined ? undefined : this.#planned(checkpoint);
    this.#enumerators = new Map(
      [...(this.#plan?.enumerators ?? [])].map(([uid, bytes]) => {
        if (bytes.kind === "inline") return [uid, bytes.bytes];
        throw new MillraceError(
          "CHECKPOINT_CORRUPT",
          `the state of source ${uid} is not inline: ${bytes.path}`,
        );
      }),
    );
  }

  /** Whether there is something to start from. */
  get planned(): boolean {
    return this.#plan !== undefined;
  }

  task(vertex: VertexId, subtask: number): TaskRestore | undefined {
    return this.#plan?.task(this.#vertex(vertex), subtask);
  }

  splits(vertex: VertexId, subtask: number): readonly SourceSplit[] {
    return this.#plan?.splits(this.#vertex(vertex), subtask) ?? [];
  }

  get enumerators(): ReadonlyMap<OperatorUid, Uint8Array> {
    return this.#enumerators;
  }

  #planned(checkpoint: CompletedCheckpoint): RestorePlan {
    const { jobId, jobGraph, streamGraph } = this.#options;
    const { metadata } = checkpoint;
    const parallelism = new Map<OperatorUid, number>(
      jobGraph.vertices.flatMap((vertex) =>
        vertex.nodes.map((node) => [streamNode(streamGraph, node).uid, vertex.parallelism] as const),
      ),
    );
    // Where one vertex has another parallelism, records may come to what had ended because its producers had.
    const sameJob =
      metadata.jobId === jobId &&
      metadata.operators.every((operator) => parallelism.get(operator.uid) === operator.parallelism);
    // A savepoint's job may go on with its own output.
    const claimed =
      this.#options.restore?.claim === true && metadata.jobId !== jobId && metadata.kind === "checkpoint";
    return planRestore(metadata, this.#options, { sameJob, claimed });
  }

  #vertex(id: VertexId): JobVertex {
    const vertex = this.#vertices.get(id);
    if (vertex === undefined) throw new MillraceError("INTERNAL", `the job graph has no vertex ${id}`);
    return vertex;
  }
}
