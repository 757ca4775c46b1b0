import { Type, type Static } from "typebox";
import { Integer, named, nullable, StatsSummary, words } from "./schema-parts.ts";

const Status = words(["IN_PROGRESS", "COMPLETED", "FAILED"]);

const sizes = {
  checkpointed_size: Type.Integer({ description: "bytes that it wrote" }),
  state_size: Type.Integer({ description: "bytes of all state in it" }),
  end_to_end_duration: Integer,
  alignment_buffered: Integer,
  processed_data: Integer,
  persisted_data: Type.Integer({ description: "bytes of records on their way in it (unaligned)" }),
  num_subtasks: Integer,
  num_acknowledged_subtasks: Integer,
};

/** A vertex's share of a checkpoint. */
const task = { id: Integer, status: Status, latest_ack_timestamp: Integer, ...sizes };
export const CheckpointTask = named("CheckpointTask", task);

/** One checkpoint or savepoint; `className` says which fields at the end are there. */
export const CheckpointInfo = named("CheckpointInfo", {
  className: words(["in_progress", "completed", "failed"]),
  id: Integer,
  status: Status,
  is_savepoint: Type.Boolean(),
  savepointFormat: nullable(words(["CANONICAL"])),
  trigger_timestamp: Integer,
  latest_ack_timestamp: Integer,
  ...sizes,
  checkpoint_type: words(["CHECKPOINT", "UNALIGNED_CHECKPOINT", "SAVEPOINT", "SYNC_SAVEPOINT"]),
  tasks: Type.Record(Type.String(), CheckpointTask),
  external_path: Type.Optional(nullable(Type.String())),
  discarded: Type.Optional(Type.Boolean()),
  failure_timestamp: Type.Optional(Integer),
  failure_message: Type.Optional(nullable(Type.String())),
});
export type CheckpointInfo = Static<typeof CheckpointInfo>;

/** `GET /jobs/:id/checkpoints`. The history has the newest first. */
export const CheckpointStats = named("CheckpointStats", {
  counts: named("CheckpointCounts", {
    restored: Integer,
    total: Integer,
    in_progress: Integer,
    completed: Integer,
    failed: Integer,
  }),
  summary: named("CheckpointSummary", {
    checkpointed_size: StatsSummary,
    state_size: StatsSummary,
    end_to_end_duration: StatsSummary,
    alignment_buffered: StatsSummary,
    processed_data: StatsSummary,
    persisted_data: StatsSummary,
  }),
  latest: named("LatestCheckpoints", {
    completed: nullable(CheckpointInfo),
    savepoint: nullable(CheckpointInfo),
    failed: nullable(CheckpointInfo),
    restored: nullable(
      named("RestoredCheckpoint", {
        id: Integer,
        restore_timestamp: Integer,
        is_savepoint: Type.Boolean(),
        external_path: nullable(Type.String()),
      }),
    ),
  }),
  history: Type.Array(CheckpointInfo),
});
export type CheckpointStats = Static<typeof CheckpointStats>;

/** `GET /jobs/:id/checkpoints/config`. An interval of 9007199254740991: none are taken by themselves. */
export const CheckpointConfig = named("CheckpointConfig", {
  mode: words(["exactly_once", "at_least_once"]),
  interval: Integer,
  timeout: Integer,
  min_pause: Integer,
  max_concurrent: Integer,
  externalization: named("Externalization", {
    enabled: Type.Boolean(),
    delete_on_cancellation: Type.Boolean(),
  }),
  state_backend: Type.String(),
  checkpoint_storage: Type.String(),
  unaligned_checkpoints: Type.Boolean(),
  tolerable_failed_checkpoints: Integer,
  aligned_checkpoint_timeout: Integer,
  checkpoints_after_tasks_finish: Type.Boolean(),
  state_changelog_enabled: Type.Boolean(),
  changelog_periodic_materialization_interval: Integer,
  changelog_storage: Type.String(),
});
export type CheckpointConfig = Static<typeof CheckpointConfig>;

/** `GET /jobs/:id/checkpoints/details/:checkpoint/subtasks/:vertex`. */
export const CheckpointSubtasks = named("CheckpointSubtasks", {
  ...task,
  summary: named("CheckpointSubtaskSummary", {
    checkpointed_size: StatsSummary,
    state_size: StatsSummary,
    end_to_end_duration: StatsSummary,
    checkpoint_duration: named("CheckpointDurationSummary", { sync: StatsSummary, async: StatsSummary }),
    alignment: named("CheckpointAlignmentSummary", {
      buffered: StatsSummary,
      processed: StatsSummary,
      persisted: StatsSummary,
      duration: StatsSummary,
    }),
    start_delay: StatsSummary,
  }),
  subtasks: Type.Array(
    Type.Union([
      named("PendingCheckpointSubtask", {
        className: Type.Literal("pending"),
        index: Integer,
        status: Type.Literal("pending_or_failed"),
      }),
      named("CompletedCheckpointSubtask", {
        className: Type.Literal("completed"),
        index: Integer,
        status: Type.Literal("completed"),
        ack_timestamp: Integer,
        end_to_end_duration: Integer,
        checkpointed_size: Integer,
        state_size: Integer,
        checkpoint: named("CheckpointDuration", { sync: Integer, async: Integer }),
        alignment: named("CheckpointAlignment", {
          buffered: Integer,
          processed: Integer,
          persisted: Integer,
          duration: Integer,
        }),
        start_delay: Integer,
        unaligned_checkpoint: Type.Boolean(),
        aborted: Type.Boolean(),
      }),
    ]),
  ),
});
export type CheckpointSubtasks = Static<typeof CheckpointSubtasks>;
