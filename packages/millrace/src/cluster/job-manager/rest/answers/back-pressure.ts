import type { AttemptView, VertexView } from "../../../../protocol/cluster/job-view.ts";
import type { BackPressure } from "../../../../protocol/rest/vertices.ts";

type Level = "ok" | "low" | "high";

/** Shares of time above which a task is held back a little, or much. */
const LOW = 0.1;
const HIGH = 0.5;

/** How much a vertex is held back by those behind it, from what its subtasks told last. */
export function backPressure(vertex: VertexView, now: number): BackPressure {
  const told = vertex.subtasks.filter(
    ({ current }) => current.metrics["backPressuredTimeMsPerSecond"] !== undefined,
  );
  if (told.length === 0) {
    return { status: "deprecated", backpressureLevel: null, "end-timestamp": null, subtasks: null };
  }
  const subtasks = told.map(({ subtask, current }) => {
    const ratio = share(current, "backPressuredTimeMsPerSecond");
    return {
      subtask,
      "attempt-number": current.attempt,
      backpressureLevel: levelOf(ratio),
      ratio,
      idleRatio: share(current, "idleTimeMsPerSecond"),
      busyRatio: share(current, "busyTimeMsPerSecond"),
    };
  });
  return {
    status: "ok",
    backpressureLevel: levelOf(Math.max(...subtasks.map(({ ratio }) => ratio))),
    "end-timestamp": now,
    subtasks,
  };
}

/** The share of each second that a metric tells in ms. */
function share({ metrics }: AttemptView, name: string): number {
  const value = metrics[name];
  return typeof value === "number" && value > 0 ? Math.min(1, value / 1000) : 0;
}

const levelOf = (ratio: number): Level => (ratio <= LOW ? "ok" : ratio <= HIGH ? "low" : "high");
