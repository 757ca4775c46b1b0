import { describe, expect, it } from "vitest";
import type { JobId, VertexId } from "../../../../common/ids/ids.ts";
import type { AttemptView, JobView } from "../../../../protocol/cluster/job-view.ts";
import { emptyView, endedView } from "../jobs/job-views.ts";
import { boundedView, endAlone } from "./bounded-view.ts";

const attempt = (attempt: number, text: string): AttemptView => ({
  attempt,
  state: "FAILED",
  timestamps: {},
  taskManagerId: undefined,
  endpoint: undefined,
  metrics: { "map.said": text },
});

/** A job of one subtask, whose attempts tell so much. */
function viewOf(current: string, earlier: string): JobView {
  const view = endedView(emptyView("a".repeat(32) as JobId, "large", 5), "FAILED", 9, undefined);
  const subtask = { subtask: 0, current: attempt(1, current), earlier: [attempt(0, earlier)] };
  const vertex = {
    id: "b".repeat(32) as VertexId,
    name: "map",
    parallelism: 1,
    maxParallelism: 128,
    slotSharingGroup: "default",
    operators: [],
    subtasks: [subtask],
  };
  return { ...view, vertices: [vertex] };
}

describe("what is kept of the view of a job", () => {
  it("is all of it, or as much as there is room for", () => {
    const small = viewOf("a", "b");
    expect(boundedView(small)).toBe(small);
    const large = "x".repeat(2 ** 20);
    const slim = boundedView(viewOf("a", large));
    expect(slim.vertices[0]?.subtasks[0]).toMatchObject({ current: { attempt: 1 }, earlier: [] });
    const tooLarge = viewOf(large, "b");
    expect(boundedView(tooLarge)).toEqual(endAlone(tooLarge));
    expect(endAlone(tooLarge)).toMatchObject({ name: "large", status: "FAILED", endedAt: 9, vertices: [] });
  });

  it("is the end alone where user code has put something into it that can't be written", () => {
    const odd = { ...viewOf("a", "b"), config: /nothing to write/u } as unknown as JobView;
    expect(boundedView(odd)).toEqual(endAlone(odd));
  });
});
