import type { Clock } from "../../../../common/clock/clock.ts";
import type { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { ExecutionId } from "../../../../common/ids/ids.ts";
import type { ToSlot } from "../../../../protocol/control/messages.ts";
import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { JobSources } from "../sources/job-sources.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";
import type { CheckpointedJob } from "./assemble-metadata.ts";
import type { CheckpointSettings } from "./checkpoint-settings.ts";
import type { SnapshotKind } from "./coordinator-state.ts";
import type { LivingSubtask } from "./plan-trigger.ts";

/** The job, as its checkpoints need it. */
export interface CheckpointCoordinatorOptions {
  readonly settings: CheckpointSettings;
  readonly job: CheckpointedJob;
  readonly clock: Clock;
  readonly sources: JobSources;
  /** The producers of each subtask that has any. */
  readonly producers: ReadonlyMap<SubtaskKey, readonly SubtaskKey[]>;
  /** The storage, opened. Called when it is first needed. */
  readonly openStore: () => Promise<CheckpointStore>;
  /** The subtasks whose executions run. */
  readonly living: () => readonly LivingSubtask[];
  /** The subtasks whose executions have finished. */
  readonly ended: () => readonly SubtaskKey[];
  /** Sends to the slots of these executions, to each slot once. */
  readonly sendTo: (
    executions: readonly ExecutionId[],
    message: (own: readonly ExecutionId[]) => ToSlot,
  ) => void;
  /** Sends to all slots. */
  readonly broadcast: (message: ToSlot) => void;
  /** Settles when all slots have taken every message that was sent to them, or are gone, or too slow. Never rejects. */
  readonly heard: () => Promise<void>;
  /**
   * The job was stopped with this savepoint: settles when sinks may commit what it holds. Never rejects. Default: at once.
   */
  readonly stopped?: ((savepoint: CompletedCheckpoint) => Promise<void>) | undefined;
  /**
   * A checkpoint is in its place, which nobody has been told yet: settles when it may be completed. Asked of each, savepoints excepted. Never rejects.
   * Default: at once.
   */
  readonly recorded?: (() => Promise<void>) | undefined;
  /** A checkpoint is complete (no savepoint in the middle); tasks have been told. */
  readonly completed: (checkpoint: CompletedCheckpoint) => void;
  /** More checkpoints failed than are tolerated. */
  readonly failJob: (error: MillraceError) => void;
  /** A stop failed after sources had stopped: the job is to go on from its last checkpoint. */
  readonly resume: (error: MillraceError) => void;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** What somebody asks for. */
export interface SnapshotOrder {
  readonly kind: SnapshotKind;
  /** Where a savepoint makes its folder; undefined: where the settings say; "memory": nowhere. */
  readonly target: string | undefined;
  /** Of a stop: whether the job counts as cancelled, not as finished, when it has ended by it. Default false. */
  readonly cancels?: boolean;
}
