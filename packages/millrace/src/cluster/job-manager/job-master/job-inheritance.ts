import type { CompletedCheckpoint } from "../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { CheckpointHistory } from "./checkpoints/checkpoint-history.ts";
import type { RestartHistory } from "./restart/restart-strategy.ts";

/**
 * What a suspended JobMaster leaves to the next of the same job, so that it counts on where that one stopped: no attempt, execution id or
 * checkpoint number is ever used twice. The storage is handed on by `createStore`.
 */
export interface JobInheritance {
  readonly firstAttempt: number;
  /** The highest number that any checkpoint or savepoint was given, completed or not. */
  readonly lastCheckpointId: number;
  /** The job's own completed checkpoints, oldest first. */
  readonly retained: readonly CompletedCheckpoint[];
  /** Whether the next checkpoint may build on the one that the job starts from. */
  readonly incremental: boolean;
  /** Shared: all generations write into the same. */
  readonly history: CheckpointHistory;
  /** What the restart strategy knows. */
  readonly failures: RestartHistory;
}
