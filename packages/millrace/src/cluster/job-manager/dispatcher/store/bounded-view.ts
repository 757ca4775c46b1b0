import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import { encodeMessage } from "../../../../protocol/cluster/slot-message-codec.ts";
import { emptyView } from "../jobs/job-views.ts";

/** The most that is kept of a job's view, bytes. A job of 600 subtasks takes about so much. */
const MAX_VIEW = 1024 * 1024;

/**
 * As much of the view of a job that has ended as is recorded: without the attempts before the last ones, and without tasks' shares of checkpoints,
 * where it is large; how it ended, where that is still too much.
 */
export function boundedView(view: JobView): JobView {
  for (const part of [() => view, () => slim(view)]) {
    const found = part();
    const bytes = encoded(found);
    if (bytes === undefined) break;
    if (bytes.length <= MAX_VIEW) return found;
  }
  return endAlone(view);
}

/** How a job ended, and nothing else of it. */
export function endAlone({
  jobId,
  name,
  status,
  startedAt,
  endedAt,
  exceptions,
}: Pick<JobView, "jobId" | "name" | "status" | "startedAt" | "endedAt" | "exceptions">): JobView {
  return {
    ...emptyView(jobId, name, startedAt),
    status,
    timestamps: { INITIALIZING: startedAt, ...(endedAt === undefined ? {} : { [status]: endedAt }) },
    endedAt,
    exceptions,
  };
}

/** undefined: user code has put something into it that can't be written. */
function encoded(view: JobView): Uint8Array | undefined {
  try {
    return encodeMessage({ type: "view", view });
  } catch {
    return undefined;
  }
}

const slim = (view: JobView): JobView => ({
  ...view,
  vertices: view.vertices.map((vertex) => ({
    ...vertex,
    subtasks: vertex.subtasks.map((subtask) => ({ ...subtask, earlier: [] })),
  })),
  checkpoints: {
    ...view.checkpoints,
    history: view.checkpoints.history.map((checkpoint) => ({ ...checkpoint, tasks: [] })),
  },
});
