import type { CheckpointTaskView, CheckpointView, JobView } from "../../../../protocol/cluster/job-view.ts";
import type {
  CheckpointInfo,
  CheckpointStats,
  CheckpointSubtasks,
} from "../../../../protocol/rest/checkpoints.ts";
import { statsSummary } from "./statistics.ts";
import { NEVER } from "./times.ts";

const CLASS = { IN_PROGRESS: "in_progress", COMPLETED: "completed", FAILED: "failed" } as const;
const SAVEPOINT = { savepoint: "SAVEPOINT", "sync savepoint": "SYNC_SAVEPOINT" } as const;

/** All of a job's checkpoints. */
export function checkpointStats({ checkpoints }: JobView): CheckpointStats {
  const { counts, history, restored } = checkpoints;
  const completed = history.filter(({ status }) => status === "COMPLETED");
  const latest = (found: CheckpointView | undefined): CheckpointInfo | null =>
    found === undefined ? null : checkpointInfo(found, false);
  const summary = (of: (each: CheckpointInfo) => number) =>
    statsSummary(completed.map((each) => of(checkpointInfo(each, false))));
  return {
    counts: {
      restored: counts.restored,
      total: counts.total,
      in_progress: counts.inProgress,
      completed: counts.completed,
      failed: counts.failed,
    },
    summary: {
      checkpointed_size: summary((each) => each.checkpointed_size),
      state_size: summary((each) => each.state_size),
      end_to_end_duration: summary((each) => each.end_to_end_duration),
      alignment_buffered: summary((each) => each.alignment_buffered),
      processed_data: summary((each) => each.processed_data),
      persisted_data: summary((each) => each.persisted_data),
    },
    latest: {
      completed: latest(completed.find(({ kind }) => kind === "checkpoint")),
      savepoint: latest(completed.find(({ kind }) => kind !== "checkpoint")),
      failed: latest(history.find(({ status }) => status === "FAILED")),
      restored:
        restored === undefined
          ? null
          : {
              id: restored.id,
              restore_timestamp: restored.at,
              is_savepoint: restored.isSavepoint,
              external_path: restored.path ?? null,
            },
    },
    history: history.map((each) => checkpointInfo(each, false)),
  };
}

/** One checkpoint. @param withTasks whether its vertices are told, too */
export function checkpointInfo(checkpoint: CheckpointView, withTasks: boolean): CheckpointInfo {
  const { id, kind, status, triggeredAt, latestAckAt, channelBytes } = checkpoint;
  const savepoint = kind !== "checkpoint";
  const duration = durationOf(checkpoint);
  return {
    className: CLASS[status],
    id,
    status,
    is_savepoint: savepoint,
    savepointFormat: savepoint ? "CANONICAL" : null,
    trigger_timestamp: triggeredAt,
    latest_ack_timestamp: latestAckAt ?? NEVER,
    checkpointed_size: checkpoint.writtenBytes,
    state_size: checkpoint.stateBytes,
    end_to_end_duration: duration,
    alignment_buffered: 0,
    processed_data: 0,
    persisted_data: channelBytes,
    num_subtasks: checkpoint.subtasks,
    num_acknowledged_subtasks: checkpoint.acknowledged,
    // Only barriers that overtook have records to keep.
    checkpoint_type:
      kind === "checkpoint" ? (channelBytes > 0 ? "UNALIGNED_CHECKPOINT" : "CHECKPOINT") : SAVEPOINT[kind],
    tasks: withTasks
      ? Object.fromEntries(checkpoint.tasks.map((task) => [task.vertex, checkpointTask(checkpoint, task)]))
      : {},
    ...(status === "COMPLETED"
      ? { external_path: checkpoint.path ?? null, discarded: checkpoint.discarded }
      : {}),
    ...(status === "FAILED"
      ? {
          failure_timestamp: triggeredAt + Math.max(0, duration),
          failure_message: checkpoint.failure ?? null,
        }
      : {}),
  };
}

function durationOf({ durationMs, latestAckAt, triggeredAt }: CheckpointView): number {
  if (durationMs !== undefined) return Math.round(durationMs);
  return latestAckAt === undefined ? NEVER : Math.max(0, latestAckAt - triggeredAt);
}

type CheckpointTask = CheckpointInfo["tasks"][string];

function checkpointTask(checkpoint: CheckpointView, { subtasks }: CheckpointTaskView): CheckpointTask {
  const acknowledged = subtasks.flatMap(({ ackAt }) => (ackAt === undefined ? [] : [ackAt]));
  const latest = acknowledged.length === 0 ? NEVER : Math.max(...acknowledged);
  const sum = (of: (each: (typeof subtasks)[number]) => number): number =>
    subtasks.reduce((total, each) => total + of(each), 0);
  const whole = acknowledged.length === subtasks.length;
  return {
    id: checkpoint.id,
    status: whole ? "COMPLETED" : checkpoint.status,
    latest_ack_timestamp: latest,
    checkpointed_size: sum((each) => each.writtenBytes),
    state_size: sum((each) => each.stateBytes),
    end_to_end_duration: latest === NEVER ? NEVER : Math.max(0, latest - checkpoint.triggeredAt),
    alignment_buffered: 0,
    processed_data: 0,
    persisted_data: sum((each) => each.channelBytes),
    num_subtasks: subtasks.length,
    num_acknowledged_subtasks: acknowledged.length,
  };
}

/** A vertex's share of a checkpoint, with its subtasks. */
export function checkpointSubtasks(checkpoint: CheckpointView, task: CheckpointTaskView): CheckpointSubtasks {
  const subtasks = task.subtasks.map((each) => subtaskOf(checkpoint, each));
  const done = subtasks.filter((each) => each.className === "completed");
  const summary = (of: (each: (typeof done)[number]) => number) => statsSummary(done.map(of));
  return {
    ...checkpointTask(checkpoint, task),
    summary: {
      checkpointed_size: summary((each) => each.checkpointed_size),
      state_size: summary((each) => each.state_size),
      end_to_end_duration: summary((each) => each.end_to_end_duration),
      checkpoint_duration: {
        sync: summary((each) => each.checkpoint.sync),
        async: summary((each) => each.checkpoint.async),
      },
      alignment: {
        buffered: summary((each) => each.alignment.buffered),
        processed: summary((each) => each.alignment.processed),
        persisted: summary((each) => each.alignment.persisted),
        duration: summary((each) => each.alignment.duration),
      },
      start_delay: summary((each) => each.start_delay),
    },
    subtasks,
  };
}

function subtaskOf(
  checkpoint: CheckpointView,
  { subtask, ackAt, ...part }: CheckpointTaskView["subtasks"][number],
): CheckpointSubtasks["subtasks"][number] {
  if (ackAt === undefined) return { className: "pending", index: subtask, status: "pending_or_failed" };
  return {
    className: "completed",
    index: subtask,
    status: "completed",
    ack_timestamp: ackAt,
    end_to_end_duration: Math.max(0, ackAt - checkpoint.triggeredAt),
    checkpointed_size: part.writtenBytes,
    state_size: part.stateBytes,
    checkpoint: { sync: Math.round(part.sync), async: Math.round(part.async) },
    alignment: {
      buffered: 0,
      processed: 0,
      persisted: part.channelBytes,
      duration: Math.round(part.alignment),
    },
    start_delay: Math.round(part.startDelay),
    unaligned_checkpoint: part.channelBytes > 0,
    aborted: false,
  };
}
