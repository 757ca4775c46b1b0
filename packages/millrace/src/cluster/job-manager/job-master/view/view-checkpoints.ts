import type { VertexId } from "../../../../common/ids/ids.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type {
  CheckpointsView,
  CheckpointTaskView,
  CheckpointView,
} from "../../../../protocol/cluster/job-view.ts";
import type { SnapshotMetrics } from "../../../../protocol/control/snapshots.ts";
import type { CheckpointDetails, CheckpointHistory } from "../checkpoints/checkpoint-history.ts";
import type { SubtaskKey } from "../units/subtask-key.ts";

const KINDS = {
  checkpoint: "checkpoint",
  savepoint: "savepoint",
  stop: "sync savepoint",
  drain: "sync savepoint",
} as const;

/**
 * The checkpoints of a job as REST tells of them.
 *
 * @param retained numbers of the checkpoints that are kept
 */
export function viewCheckpoints(
  history: CheckpointHistory,
  graph: JobGraph,
  retained: ReadonlySet<number>,
): CheckpointsView {
  const { triggered, completed, failed, inProgress, restored } = history.statistics;
  return {
    counts: { restored, total: triggered, inProgress, completed, failed },
    history: history.details.map((details) => viewCheckpoint(details, graph, retained)),
    restored: history.lastRestored,
  };
}

function viewCheckpoint(
  { summary, snapshot, subtasks, acknowledged }: CheckpointDetails,
  graph: JobGraph,
  retained: ReadonlySet<number>,
): CheckpointView {
  const parts = [...acknowledged.values()];
  const { id, status, triggeredAt, durationMs, stateBytes, writtenBytes, path, failure } = summary;
  return {
    id,
    kind: KINDS[snapshot],
    status,
    triggeredAt,
    latestAckAt: parts.length === 0 ? undefined : Math.max(...parts.map(({ at }) => at)),
    durationMs,
    stateBytes,
    writtenBytes,
    channelBytes: parts.reduce((sum, { metrics }) => sum + metrics.channelBytes, 0),
    path,
    discarded: status === "COMPLETED" && snapshot === "checkpoint" && !retained.has(id),
    failure,
    subtasks: subtasks.length,
    acknowledged: parts.length,
    tasks: graph.vertices.map((vertex) => viewTask(vertex.id, subtasks, acknowledged)),
  };
}

/** The parallelism may have been another one then: what took part counts. */
function viewTask(
  vertex: VertexId,
  taking: readonly SubtaskKey[],
  acknowledged: CheckpointDetails["acknowledged"],
): CheckpointTaskView {
  const subtasks = taking
    .filter((key) => key.startsWith(`${vertex}/`))
    .map((key) => {
      const part = acknowledged.get(key);
      const { stateBytes, writtenBytes, channelBytes, alignment, startDelay, sync, async } =
        part?.metrics ?? NOTHING;
      return {
        subtask: Number(key.slice(vertex.length + 1)),
        ackAt: part?.at,
        stateBytes,
        writtenBytes,
        channelBytes,
        alignment,
        startDelay,
        sync,
        async,
      };
    });
  return { vertex, subtasks: subtasks.sort((a, b) => a.subtask - b.subtask) };
}

const NOTHING: SnapshotMetrics = {
  stateBytes: 0,
  writtenBytes: 0,
  channelBytes: 0,
  alignment: 0,
  startDelay: 0,
  sync: 0,
  async: 0,
};
