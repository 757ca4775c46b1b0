import type { SnapshotMetrics } from "../../../../protocol/control/snapshots.ts";

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

  began(id: number, kind: CheckpointSummary["kind"], triggeredAt: number): void {
    this.#triggered++;
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
  }

  /** A task has written its part. */
  wrote(id: number, { stateBytes, writtenBytes, channelBytes }: SnapshotMetrics): void {
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
  }

  restored(): void {
    this.#restored++;
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

  #change(id: number, change: (summary: CheckpointSummary) => CheckpointSummary): void {
    this.#history = this.#history.map((summary) => (summary.id === id ? change(summary) : summary));
  }
}
