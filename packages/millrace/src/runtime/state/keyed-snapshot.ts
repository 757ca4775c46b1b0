import type { KeyedStateHandle } from "../../protocol/control/snapshots.ts";
import type { StateFiles } from "../checkpoint/storage/state-files.ts";
import type { KeyedStateStore } from "./keyed-state.ts";

/** What a checkpoint asks of a keyed store. */
export interface KeyedSnapshotRequest {
  readonly checkpointId: number;
  readonly files: StateFiles;
  /** Savepoints: the canonical format, self-contained, without effect on later checkpoints (correctness rule 11). */
  readonly canonical: boolean;
  /** Whether changes against the last confirmed checkpoint will do. */
  readonly incremental: boolean;
}

/**
 * When a snapshot may work: between records, a slice at a time. Given by the task; a task without anything to do gives slices at once.
 */
export interface SnapshotPace {
  /** Whether the slice is used up: then await `next`. Reads a clock: to be asked for each few dozen rows, not for each. */
  readonly over: boolean;
  /** Settles at the start of the next slice, on the task's thread, between two records. @throws CHECKPOINT_ABORTED when it was given up */
  next(): Promise<void>;
}

/** State as of the moment of the barrier, on its way to storage. */
export interface KeyedSnapshot {
  /**
   * Writes it, in slices. Called once; records are processed between the slices, and must not be seen in the snapshot. undefined where
   * there is nothing: no key, and nothing to be said of key groups (watermarks).
   */
  write(pace: SnapshotPace): Promise<KeyedStateHandle | undefined>;
  /** The checkpoint was given up: frees everything. Safe at any time, also while `write` waits, which then rejects. */
  abort(): void;
}

/**
 * A keyed store that takes part in checkpoints; every backend's store is one.
 *
 * Order of calls: `restore` (before anything else, where there is something), then states are asked for, then `restored` once the
 * operator was opened; then `snapshot` at barriers, one at a time; `checkpointComplete` and `checkpointAborted` as they come,
 * perhaps late, perhaps for checkpoints that this store knows nothing of.
 */
export interface SnapshotKeyedStore extends KeyedStateStore {
  /**
   * Starts from what the handles hold of the store's own key groups. Each state is decoded when it is asked for, because only then its
   * type is known: by the stored type's description, migrated by rule to the declared one.
   * @throws RESTORE_REFUSED naming the state (another kind, another type), CHECKPOINT_CORRUPT naming file and block
   */
  restore(handles: readonly KeyedStateHandle[], files: StateFiles): Promise<void>;
  /**
   * The operator is open: what was restored and not asked for is kept as it is, becomes part of each snapshot, and is still there for who
   * asks later. From now on files of the handles may disappear.
   */
  restored(): void;
  /** The moment of the barrier: short, whatever the state's size. */
  snapshot(request: KeyedSnapshotRequest): KeyedSnapshot;
  /** The checkpoint is recorded: later incremental ones may build on it. */
  checkpointComplete(checkpointId: number): void;
  /** It is given up: its changes belong to the next one. */
  checkpointAborted(checkpointId: number): void;
}
