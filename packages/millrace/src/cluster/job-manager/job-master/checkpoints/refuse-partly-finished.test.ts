import { describe, expect, it } from "vitest";
import { operatorUid, vertexId } from "../../../../common/ids/ids.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { TaskSnapshot } from "../../../../protocol/control/snapshots.ts";
import { subtaskKey } from "../units/subtask-key.ts";
import { refusePartlyFinished } from "./refuse-partly-finished.ts";

const vertex = vertexId("0123456789abcdef0123456789abcdef");
const graph: JobGraph = {
  jobName: "test",
  vertices: [
    {
      id: vertex,
      name: "Source: numbers -> map",
      nodes: [0],
      parallelism: 3,
      maxParallelism: 128,
      slotSharingGroup: "default",
    },
  ],
  edges: [],
  fingerprint: "",
};

/** Checks three subtasks; undefined: it ended without a snapshot. */
function check(union: boolean, ...finished: readonly (boolean | undefined)[]): void {
  const snapshots = finished.flatMap((flag, subtask) => {
    if (flag === undefined) return [];
    const snapshot: TaskSnapshot = {
      operators: [
        {
          uid: operatorUid("map"),
          keyed: undefined,
          operatorState: undefined,
          splits: undefined,
          ...(union ? { unionState: true } : {}),
        },
      ],
      channels: [],
      finished: flag,
    };
    return [[subtaskKey(vertex, subtask), snapshot] as const];
  });
  refusePartlyFinished(graph, new Map(snapshots));
}

describe("refusePartlyFinished", () => {
  it("takes operators all of whose subtasks run, or all of whose have finished", () => {
    expect(() => check(true, false, false, false)).not.toThrow();
    expect(() => check(true, true, true, true)).not.toThrow();
    expect(() => check(true, true, undefined, true)).not.toThrow();
  });

  it("takes partly finished ones without union state", () => {
    expect(() => check(false, true, false, undefined)).not.toThrow();
  });

  it("refuses partly finished ones with union state, and names them", () => {
    const refused = /1 of 3 subtasks of "Source: numbers -> map", which has union list state/u;
    expect(() => check(true, true, false, false)).toThrow(refused);
    expect(() => check(true, false, undefined, false)).toThrow(refused);
  });
});
