import type { SnapshotMetrics } from "../../../../protocol/control/snapshots.ts";
import type { CompletedCheckpoint } from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";
import type { SnapshotKind } from "./coordinator-state.ts";

/** One checkpoint or savepoint; the API's CheckpointSummary. */
export interface CheckpointSummary {
  readonly id: number;
  readonly kind: "checkpoint" | "savepoint";
  readonly status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  readonly triggeredAt: number;
  readonly durationMs: number | undefined;
  readonly stateBytes: number;
  readonly writtenBytes: number;
  readonly path: string | undefined;
  readonly failure: string | undefined;
}

/** The checkpoints of a job; the API's CheckpointStatistics. */
export interface CheckpointStatistics {
  readonly triggered: number;
  readonly completed: number;
  readonly failed: number;
  readonly inProgress: number;
  readonly restored: number;
  readonly history: readonly CheckpointSummary[];
}

/** What is remembered of a checkpoint beside its summary. */
export interface CheckpointDetails {
  readonly summary: CheckpointSummary;
  readonly snapshot: SnapshotKind;
  /** Who is to acknowledge; empty before it was triggered. */
  readonly subtasks: readonly SubtaskKey[];
  /** ms since the epoch. */
  readonly acknowledged: ReadonlyMap<SubtaskKey, { readonly at: number; readonly metrics: SnapshotMetrics }>;
}

/** What a job was started from last. */
export interface RestoredFrom {
  readonly id: number;
  /** ms since the epoch. */
  readonly at: number;
  readonly isSavepoint: boolean;
  readonly path: string | undefined;
}

/** How many are remembered. */
const REMEMBERED = 10;

/** Counts checkpoints, and remembers the last ones. */
export class CheckpointHistory {
  #triggered = 0;
  #completed = 0;
  #failed = 0;
  #restored = 0;
  /** The newest first. */
  #history: readonly CheckpointSummary[] = [];
  #lastRestored: RestoredFrom | undefined;
  readonly #parts = new Map<
    number,
    {
      readonly snapshot: SnapshotKind;
      subtasks: readonly SubtaskKey[];
      readonly acknowledged: Map<SubtaskKey, { readonly at: number; readonly metrics: SnapshotMetrics }>;
    }
  >();

  began(
    id: number,
    kind: CheckpointSummary["kind"],
    triggeredAt: number,
    snapshot: SnapshotKind = kind,
  ): void {
    this.#triggered++;
    this.#parts.set(id, { snapshot, subtasks: [], acknowledged: new Map() });
    const summary: CheckpointSummary = {
      id,
      kind,
      status: "IN_PROGRESS",
      triggeredAt,
      durationMs: undefined,
      stateBytes: 0,
      writtenBytes: 0,
      path: undefined,
      failure: undefined,
    };
    const all = [summary, ...this.#history];
    // What is underway must be found again when it ends.
    this.#history = all.filter(({ status }, index) => index < REMEMBERED || status === "IN_PROGRESS");
    this.#forgetParts();
  }

  /** Its triggers are out. */
  triggered(id: number, subtasks: readonly SubtaskKey[]): void {
    const parts = this.#parts.get(id);
    if (parts !== undefined) parts.subtasks = subtasks;
  }

  /** A task has written its part. @param at ms since the epoch */
  wrote(id: number, metrics: SnapshotMetrics, subtask: SubtaskKey, at: number): void {
    const { stateBytes, writtenBytes, channelBytes } = metrics;
    this.#parts.get(id)?.acknowledged.set(subtask, { at, metrics });
    this.#change(id, (summary) => ({
      ...summary,
      stateBytes: summary.stateBytes + stateBytes + channelBytes,
      writtenBytes: summary.writtenBytes + writtenBytes + channelBytes,
    }));
  }

  completed(id: number, durationMs: number, path: string | undefined): void {
    this.#completed++;
    this.#change(id, (summary) => ({ ...summary, status: "COMPLETED", durationMs, path }));
  }

  failed(id: number, durationMs: number, failure: string): void {
    this.#failed++;
    this.#change(id, (summary) => ({ ...summary, status: "FAILED", durationMs, failure }));
  }

  /** Nobody needed it: as if it had never begun. */
  dropped(id: number): void {
    this.#triggered--;
    this.#history = this.#history.filter((summary) => summary.id !== id);
    this.#forgetParts();
  }

  /** The job, or a part of it, starts from a checkpoint. @param at ms since the epoch */
  restored(checkpoint: CompletedCheckpoint | undefined, at: number): void {
    this.#restored++;
    if (checkpoint === undefined) return;
    const { metadata, path } = checkpoint;
    this.#lastRestored = { id: metadata.checkpointId, at, isSavepoint: metadata.kind === "savepoint", path };
  }

  /** What the job was started from last. */
  get lastRestored(): RestoredFrom | undefined {
    return this.#lastRestored;
  }

  /** The last ones with their parts, the newest first. */
  get details(): readonly CheckpointDetails[] {
    return this.#history.slice(0, REMEMBERED).flatMap((summary) => {
      const parts = this.#parts.get(summary.id);
      return parts === undefined ? [] : [{ summary, ...parts }];
    });
  }

  find(id: number): CheckpointSummary | undefined {
    return this.#history.find((summary) => summary.id === id);
  }

  get statistics(): CheckpointStatistics {
    return {
      triggered: this.#triggered,
      completed: this.#completed,
      failed: this.#failed,
      inProgress: this.#triggered - this.#completed - this.#failed,
      restored: this.#restored,
      history: this.#history.slice(0, REMEMBERED),
    };
  }

  #forgetParts(): void {
    for (const id of this.#parts.keys()) if (this.find(id) === undefined) this.#parts.delete(id);
  }

  #change(id: number, change: (summary: CheckpointSummary) => CheckpointSummary): void {
    this.#history = this.#history.map((summary) => (summary.id === id ? change(summary) : summary));
  }
}
