import type { JobId, OperatorUid } from "../../common/ids/ids.ts";

/*
 * What slots and their JobMaster tell each other about state: plain data, so that it crosses threads and processes and stands in
 * `_metadata`. Handles say where state is; the bytes themselves are described in docs/formats/.
 */

/**
 * Where a checkpoint's files go. `directory` is absolute; undefined: nowhere, all state travels inline and lives in the JobMaster's
 * memory. Files have names that no other attempt, checkpoint or process ever uses, so that a process which should be dead can't
 * spoil anything.
 */
export interface CheckpointLocation {
  readonly directory: string | undefined;
  /** Bytes up to which state travels inline instead of in a file of its own. */
  readonly inlineThreshold: number;
}

/** Some bytes of a checkpoint. Immutable from the moment its handle exists. */
export type StateBytes =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  /** A file, whole and synced. `path` is absolute here, and relative to the folder of `_metadata` within it. */
  | { readonly kind: "file"; readonly path: string; readonly length: number };

/** Key groups [start, end). */
export interface KeyGroupSpan {
  readonly start: number;
  readonly end: number;
}

/** Keyed state of one operator in one subtask. */
export type KeyedStateHandle =
  /** Our own format, which every backend reads: a full part, then changes in the order in which they are applied. */
  | {
      readonly kind: "canonical";
      readonly keyGroups: KeyGroupSpan;
      readonly parts: readonly StateBytes[];
    }
  /** Files of a backend's own; only that backend reads them. */
  | {
      readonly kind: "native";
      readonly backend: string;
      readonly keyGroups: KeyGroupSpan;
      /** States, types and watermarks by key group: a canonical part without rows, which everybody reads. */
      readonly header: StateBytes;
      readonly files: readonly { readonly name: string; readonly bytes: StateBytes }[];
    };

/** State of one operator in one subtask. */
export interface OperatorSnapshot {
  readonly uid: OperatorUid;
  readonly keyed: KeyedStateHandle | undefined;
  /** List, union and broadcast states. */
  readonly operatorState: StateBytes | undefined;
  /** Of a source: the splits that its reader held, with their positions and watermarks. Plain data. */
  readonly splits: readonly unknown[] | undefined;
  /**
   * Present where the operator has a union list state. Such a checkpoint is refused when some subtasks of the vertex have finished and
   * others have not: the elements of those that have would count for ever (correctness rule 21).
   */
  readonly unionState?: true;
}

/**
 * Records between two subtasks when a checkpoint overtook them. A channel is known by its edge (two operators and an input) and
 * its two subtasks, because the job may be restored at another parallelism.
 */
export interface ChannelSnapshot {
  readonly sourceUid: OperatorUid;
  readonly sideOutput: string | undefined;
  readonly targetUid: OperatorUid;
  /** Position of the edge in the target's inputs. */
  readonly targetInput: number;
  readonly producerSubtask: number;
  readonly consumerSubtask: number;
  /** "received": was with the consumer; "unsent": was still with the producer, and comes after all that was received. */
  readonly side: "received" | "unsent";
  /** How many; watermarks between them count. */
  readonly records: number;
  readonly bytes: StateBytes;
}

/** What one subtask gives to a checkpoint. */
export interface TaskSnapshot {
  readonly operators: readonly OperatorSnapshot[];
  readonly channels: readonly ChannelSnapshot[];
  /** Whether all operators had finished: the subtask has nothing more to do once the checkpoint is complete. */
  readonly finished: boolean;
}

/** How long the parts of a subtask's snapshot took, ms, and how much they wrote, bytes. */
export interface SnapshotMetrics {
  /** From the first barrier to the last. */
  readonly alignment: number;
  /** What records had to wait for. */
  readonly sync: number;
  /** From then to the last byte on disk. */
  readonly async: number;
  /** From the trigger at the JobMaster to the first barrier here, by the machines' clocks. */
  readonly startDelay: number;
  /** Of the whole state, and of what was written anew for it. */
  readonly stateBytes: number;
  readonly writtenBytes: number;
  /** Of records that the checkpoint overtook. */
  readonly channelBytes: number;
}

/** State that one subtask starts from. */
export interface TaskRestore {
  readonly checkpointId: number;
  /** The job that the checkpoint is of, where this one has claimed it: it is fenced, and needs nothing of its own any more. */
  readonly claimedJob?: JobId;
  /**
   * The subtask, or every subtask of the vertex, had finished: the task opens nothing, commits what its sinks' states hold, says that its
   * data has ended, and ends. `operators` are its sinks.
   */
  readonly finished: boolean;
  readonly operators: readonly OperatorRestore[];
  /** To be processed before anything that arrives; for each edge, "received" of a channel before "unsent" of the same. */
  readonly channels: readonly ChannelSnapshot[];
}

/** State that one operator of a subtask starts from. */
export interface OperatorRestore {
  readonly uid: OperatorUid;
  /** All handles that hold some of the subtask's key groups. */
  readonly keyed: readonly KeyedStateHandle[];
  /**
   * Of all former subtasks, each in its place, or of none: who restores takes its share (`operatorShares`). Where one has left nothing,
   * a part without states stands for it.
   */
  readonly operatorState: readonly StateBytes[];
}
