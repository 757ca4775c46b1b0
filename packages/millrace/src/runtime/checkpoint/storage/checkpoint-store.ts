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
 *                                        chk-<n>-<epoch>/...    the same, of owners after the first
 *                                        owner-<epoch>          whose folder it is: the highest counts
 *                                        shared/<unique name>  all files of state, owned by the checkpoints that name them
 * <savepoint directory>/savepoint-<job>-<random>/_metadata     self-contained, relocatable: its files stand beside it
 *                                                <unique name>
 * ```
 *
 * Files of `shared` are counted by the recorded checkpoints that name them, and removed when the last of these is discarded. What a
 * savepoint holds is never removed by the job, unless it was restored with CLAIM.
 *
 * A folder has one owner: whoever opened the store, or claimed a checkpoint in it, last. Each has an epoch, counted from 1. A store that was
 * replaced is *fenced*: it tells nobody of a checkpoint, and removes nothing; every call that would throws or answers FENCED, for good. What a
 * fenced store has recorded at the last moment is older than all that its successor records. In memory there is nothing to own.
 *
 * Whoever recovers a job by itself goes in this order: `open`, then `newest`, then `claim` of all `completed`: what a former owner was about to
 * remove may then answer SAVEPOINT_NOT_FOUND, unless it is the newest.
 */
export interface CheckpointStore {
  /**
   * Makes the folders, failing early where that is not possible, and takes the job's own: from then on who owned it before is fenced.
   * @param again whether the job goes on with what it had before: then nothing is taken from a job that has claimed it since. Default false
   * @throws CHECKPOINT_STORAGE_FAILED; FENCED with `again`, saying who has it
   */
  open(jobId: JobId, again?: boolean): Promise<void>;
  /** By which it owns the job's folder; 0: in memory, or not open. */
  readonly epoch: number;
  /**
   * Sees that it is not fenced. What must not happen twice (a commit without a checkpoint, a restart) is done only afterwards.
   * @throws FENCED, saying who took over; CHECKPOINT_STORAGE_FAILED where that can't be found out
   */
  checkOwner(): Promise<void>;
  /**
   * All completed checkpoints in the job's folder, by whichever owner, oldest first: by epoch, then number. None in memory.
   * @throws CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED
   */
  completed(): Promise<readonly CompletedCheckpoint[]>;
  /** The last of them; never an older one because the last can't be read. @throws as `completed` */
  newest(): Promise<CompletedCheckpoint | undefined>;
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
   * When it settles, nobody had taken over after `_metadata` stood there: only then may anybody hear of it.
   *
   * When it throws, the checkpoint is not recorded, and `discardUnrecorded` may remove its files; that keeps them by itself where it could not
   * be made sure that no `_metadata` was left.
   * @throws FENCED; CHECKPOINT_STORAGE_FAILED, also when the checkpoint is there already; CHECKPOINT_CORRUPT when a file that it names is not there
   */
  record(metadata: CheckpointMetadata, location: CheckpointLocation): Promise<CompletedCheckpoint>;
  /**
   * Takes over what a restored checkpoint owns (CLAIM): it counts as one of this job's from now on. Takes the folders that it stands in, too: the
   * job that it is of is fenced, and so is who claimed it before. Before anything runs.
   *
   * @returns what is to be told: that a newer checkpoint is there, or that who claimed this one before has gone on from it
   * @throws FENCED; SAVEPOINT_NOT_FOUND when its owner has removed it meanwhile; CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED
   */
  claim(checkpoint: CompletedCheckpoint): Promise<string | undefined>;
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
  /** Removes the folders that it owns where nothing is left in them. */
  close(): Promise<void>;
}
