import type { AttemptView, SubtaskView, VertexView } from "../../../../protocol/cluster/job-view.ts";
import type {
  SubtaskAttempt,
  SubtaskTimes,
  VertexDetails,
  VertexTaskManagers,
} from "../../../../protocol/rest/vertices.ts";
import { aggregatedTasks, ioMetrics } from "./io-metrics.ts";
import {
  endOf,
  span,
  spanOf,
  startOf,
  stateCounts,
  stateDurations,
  stateTimes,
  UNASSIGNED,
  vertexState,
} from "./times.ts";

/** One attempt of a subtask. */
export function subtaskAttempt(subtask: number, attempt: AttemptView, now: number): SubtaskAttempt {
  return {
    subtask,
    status: attempt.state,
    attempt: attempt.attempt,
    endpoint: attempt.endpoint ?? UNASSIGNED,
    ...span(startOf(attempt), endOf(attempt), now),
    metrics: ioMetrics([attempt]),
    "taskmanager-id": attempt.taskManagerId ?? UNASSIGNED,
    "status-duration": stateDurations(attempt, now),
  };
}

const currentOf = (subtasks: readonly SubtaskView[]): readonly AttemptView[] =>
  subtasks.map(({ current }) => current);

/** A vertex with its subtasks. */
export const vertexDetails = (vertex: VertexView, now: number): VertexDetails => ({
  id: vertex.id,
  name: vertex.name,
  parallelism: vertex.parallelism,
  maxParallelism: vertex.maxParallelism,
  now,
  subtasks: vertex.subtasks.map(({ subtask, current }) => subtaskAttempt(subtask, current, now)),
  aggregated: aggregatedTasks(currentOf(vertex.subtasks), now),
});

/** When its subtasks came into their states. */
export const subtaskTimes = (vertex: VertexView, now: number): SubtaskTimes => ({
  id: vertex.id,
  name: vertex.name,
  now,
  subtasks: vertex.subtasks.map(({ subtask, current }) => ({
    subtask,
    endpoint: current.endpoint ?? UNASSIGNED,
    duration: span(startOf(current), endOf(current), now).duration,
    timestamps: stateTimes(current),
  })),
});

/** Its subtasks by where they run. */
export function vertexTaskManagers(vertex: VertexView, now: number): VertexTaskManagers {
  const groups = Map.groupBy(currentOf(vertex.subtasks), ({ taskManagerId }) => taskManagerId ?? UNASSIGNED);
  return {
    id: vertex.id,
    name: vertex.name,
    now,
    taskmanagers: [...groups].map(([id, attempts]) => ({
      endpoint: attempts[0]?.endpoint ?? UNASSIGNED,
      status: vertexState(attempts),
      ...spanOf(attempts, now),
      metrics: ioMetrics(attempts),
      "status-counts": stateCounts(attempts),
      "taskmanager-id": id,
      aggregated: aggregatedTasks(attempts, now),
    })),
  };
}
