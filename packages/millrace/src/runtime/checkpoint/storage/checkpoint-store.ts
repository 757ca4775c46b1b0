import type { JobId } from "../../../common/ids/ids.ts";
import type { CheckpointLocation } from "../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../format/checkpoint-metadata.ts";

/** A checkpoint or savepoint that is recorded. */
export interface CompletedCheckpoint {
  readonly metadata: CheckpointMetadata;
  /** The folder that holds `_metadata`, absolute; undefined: in memory only. */
  readonly path: string | undefined;
}

/**
 * Where the JobMaster of one job records its checkpoints. Implementations: a folder, memory. Layout of the folder:
 *
 * ```
 * <execution.checkpointing.dir>/<job id>/chk-<n>/_metadata     one folder for each checkpoint; only `_metadata` in it
 *                                        shared/<unique name>  all files of state, owned by the checkpoints that name them
 * <savepoint directory>/savepoint-<job>-<random>/_metadata     self-contained, relocatable: its files stand beside it
 *                                                <unique name>
 * ```
 *
 * Files of `shared` are counted by the recorded checkpoints that name them, and removed when the last of these is discarded. What a
 * savepoint holds is never removed by the job, unless it was restored with CLAIM.
 */
export interface CheckpointStore {
  /** Makes the folders, and fails early where that is not possible. @throws CHECKPOINT_STORAGE_FAILED */
  open(jobId: JobId): Promise<void>;
  /** Where tasks write the state of the job's checkpoints. */
  readonly location: CheckpointLocation;
  /**
   * A fresh folder for a savepoint below `target`; without a target the configured one; without both in memory.
   * @throws CHECKPOINT_STORAGE_FAILED
   */
  prepareSavepoint(target: string | undefined): Promise<CheckpointLocation>;
  /**
   * Records a checkpoint: its `_metadata` is written beside, synced, and renamed into place, so that it is there whole or not at all. From
   * then on it is complete. Files of others that it names (a savepoint: those of finished subtasks; a checkpoint: those of a savepoint that was
   * not claimed) are linked or copied first, so that it needs nobody else's; in memory they become inline. The answer names the copies.
   *
   * When it throws, the checkpoint is not recorded, and `discardUnrecorded` may remove its files; that keeps them by itself where it could not
   * be made sure that no `_metadata` was left.
   * @throws CHECKPOINT_STORAGE_FAILED, also when the checkpoint is there already; CHECKPOINT_CORRUPT when a file that it names is not there
   */
  record(metadata: CheckpointMetadata, location: CheckpointLocation): Promise<CompletedCheckpoint>;
  /** Takes over what a restored checkpoint owns (CLAIM): it counts as one of this job's from now on. */
  claim(checkpoint: CompletedCheckpoint): void;
  /**
   * Removes a recorded checkpoint: its `_metadata` first, then each file that no other recorded checkpoint names. Nothing of a savepoint, unless
   * it was claimed. A failure is answered, not thrown: an orphaned file does no harm; as long as `_metadata` can't be removed, all stays.
   *
   * Not while a checkpoint is under way whose tasks may not yet have heard of a later one than this: its snapshots may build on this one.
   */
  discard(checkpoint: CompletedCheckpoint): Promise<Error | undefined>;
  /** Removes files that tasks wrote for a checkpoint that was given up, as far as no recorded one names them. */
  discardUnrecorded(metadata: Pick<CheckpointMetadata, "operators" | "channels">): Promise<void>;
  /**
   * Removes files of `shared` that no recorded checkpoint names, in the folder or in this store: left by a process that died. Only while no
   * checkpoint is under way. Never throws.
   */
  removeOrphans(): Promise<void>;
  /** Removes the job's folders where nothing is left in them. */
  close(): Promise<void>;
}
