import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { MetricValue, MetricValues } from "./metric-value.ts";

/** Metrics of a job as a whole, by Flink's names; what has not happened yet is left out. Times in ms. */
export function jobMetrics(job: JobView, now: number): MetricValues {
  const { checkpoints, restarts, status, timestamps, startedAt, endedAt } = job;
  const { counts, history, restored } = checkpoints;
  const last = history.find((each) => each.status === "COMPLETED");
  const since = timestamps[status];
  const inState = since === undefined ? 0 : Math.max(0, (endedAt ?? now) - since);
  const values: Record<string, MetricValue | undefined> = {
    runningTime: status === "RUNNING" ? inState : 0,
    restartingTime: status === "RESTARTING" ? inState : 0,
    cancellingTime: status === "CANCELLING" ? inState : 0,
    failingTime: status === "FAILING" ? inState : 0,
    uptime: Math.max(0, (endedAt ?? now) - startedAt),
    numRestarts: restarts,
    fullRestarts: restarts,
    totalNumberOfCheckpoints: counts.total,
    numberOfInProgressCheckpoints: counts.inProgress,
    numberOfCompletedCheckpoints: counts.completed,
    numberOfFailedCheckpoints: counts.failed,
    lastCompletedCheckpointId: last?.id,
    lastCheckpointDuration: last?.durationMs,
    lastCheckpointSize: last?.writtenBytes,
    lastCheckpointFullSize: last?.stateBytes,
    lastCheckpointPersistedData: last?.channelBytes,
    lastCheckpointExternalPath: last?.path,
    lastCheckpointRestoreTimestamp: restored?.at,
    numRescales: job.rescales.length,
  };
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, MetricValue] => entry[1] !== undefined),
  );
}
