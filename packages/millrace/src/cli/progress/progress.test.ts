import { describe, expect, it } from "vitest";
import type { CheckpointSummary } from "../../api/executor.ts";
import { attempt, executionId, vertexId } from "../../common/ids/ids.ts";
import type { JobGraph, JobVertex } from "../../graph/job/job-graph.ts";
import type { TaskMetrics } from "../../runtime/task/task-metrics.ts";
import { JobProgress } from "./job-progress.ts";
import { checkpointProgress } from "./checkpoint-progress.ts";
import { jobTotals } from "./job-totals.ts";

const NOW = Date.UTC(2024, 0, 1);

/** A source in two subtasks that feeds one of a window with its sink. */
const graph: JobGraph = {
  jobName: "delays",
  vertices: [vertex("source", 2), vertex("window", 1)],
  edges: [
    {
      source: vertexId("source"),
      target: vertexId("window"),
      sourceNode: 0,
      targetNode: 1,
      targetInput: 0,
      input: 0,
      sideOutput: undefined,
      partitioner: "hash",
    },
  ],
  fingerprint: "",
};

function vertex(id: string, parallelism: number): JobVertex {
  return {
    id: vertexId(id),
    name: `${id} name`,
    nodes: [],
    parallelism,
    maxParallelism: 128,
    slotSharingGroup: "default",
  };
}

function task(values: Partial<TaskMetrics>): TaskMetrics {
  return {
    numRecordsIn: 0,
    numRecordsOut: 0,
    numBytesIn: 0,
    numBytesOut: 0,
    numRecordsToSinks: 0,
    busyTime: 0,
    idleTime: 0,
    backPressuredTime: 0,
    currentWatermark: -Infinity,
    numRecordsSkipped: 0,
    outputBacklog: 0,
    inputQueued: 0,
    user: {},
    ...values,
  };
}

type Reading = readonly (readonly [
  vertex: string,
  subtask: number,
  values: Partial<TaskMetrics>,
  n?: number,
])[];

function metrics(reading: Reading): Map<string, TaskMetrics> {
  return new Map(
    reading.map(([id, subtask, values, n = 0]) => [
      executionId(vertexId(id), subtask, attempt(n)),
      task(values),
    ]),
  );
}

describe("jobTotals", () => {
  it("takes what sources read as the job's input, and what sinks were handed as its output", () => {
    const totals = jobTotals(
      graph,
      metrics([
        ["source", 0, { numRecordsIn: 10, numRecordsOut: 8, numRecordsSkipped: 1 }],
        ["source", 1, { numRecordsIn: 5, numRecordsOut: 5, numRecordsSkipped: 2 }],
        [
          "window",
          0,
          { numRecordsIn: 13, numRecordsToSinks: 3, user: { "win.numLateRecordsDropped": 4, other: 9 } },
        ],
      ]),
    );
    expect(totals).toMatchObject({ recordsIn: 15, recordsOut: 3, recordsSkipped: 3, recordsLate: 4 });
    expect(totals.vertices.map(({ recordsIn, recordsOut }) => [recordsIn, recordsOut])).toEqual([
      [15, 13],
      [13, 3],
    ]);
  });

  it("counts only the latest attempt of a subtask", () => {
    const totals = jobTotals(
      graph,
      metrics([
        ["source", 0, { numRecordsIn: 7 }, 1],
        ["source", 0, { numRecordsIn: 100 }, 0],
      ]),
    );
    expect(totals.recordsIn).toBe(7);
  });

  it.each([
    { source: [-Infinity, -Infinity], window: -Infinity, job: -Infinity, why: "before any watermark" },
    { source: [500, 700], window: -Infinity, job: 500, why: "while the first is under way" },
    { source: [500, 700], window: 400, job: 400, why: "at the slowest" },
    { source: [Infinity, Infinity], window: 900, job: 900, why: "at the last one behind" },
    { source: [Infinity, Infinity], window: Infinity, job: Infinity, why: "when all is complete" },
  ])("has event time $why", ({ source, window, job }) => {
    const totals = jobTotals(
      graph,
      metrics([
        ["source", 0, { currentWatermark: source[0] as number }],
        ["source", 1, { currentWatermark: source[1] as number }],
        ["window", 0, { currentWatermark: window }],
      ]),
    );
    expect(totals.watermark).toBe(job);
  });

  it("does without tasks that have not answered", () => {
    expect(jobTotals(graph, new Map())).toMatchObject({ recordsIn: 0, recordsOut: 0, watermark: -Infinity });
  });
});

describe("JobProgress", () => {
  const reading = (records: number, busy: number, waiting = 0): Map<string, TaskMetrics> =>
    metrics([
      ["source", 0, { numRecordsIn: records, busyTime: 10, idleTime: busy, backPressuredTime: waiting }],
      ["source", 1, { idleTime: busy }],
      ["window", 0, { numRecordsToSinks: records / 10, busyTime: busy, idleTime: 10 }],
    ]);

  it("takes the first rates since the job was deployed, not since its start", () => {
    const progress = new JobProgress(graph, 700, 1000);
    expect(progress.take(reading(500, 0), 1500, NOW)).toMatchObject({
      elapsed: 800,
      recordsIn: 500,
      recordsInPerSecond: 1000,
      recordsOut: 50,
      recordsOutPerSecond: 100,
    });
  });

  it("takes later rates over the last seconds, not over the job's life", () => {
    const progress = new JobProgress(graph, 0, 0);
    for (let at = 250; at <= 10_000; at += 250) progress.take(reading(1_000_000, 0), at, NOW);
    for (let at = 10_250; at <= 13_000; at += 250) {
      progress.take(reading(1_000_000 + (at - 10_000) * 2, 0), at, NOW);
    }
    const { recordsInPerSecond } = progress.take(reading(1_006_500, 0), 13_250, NOW);
    expect(recordsInPerSecond).toBe(2000);
  });

  it("has no rate where no time has passed, and none below zero after a restart", () => {
    const progress = new JobProgress(graph, 0, 0);
    expect(progress.take(reading(10, 0), 0, NOW).recordsInPerSecond).toBe(0);
    expect(progress.take(reading(2, 0), 2000, NOW).recordsInPerSecond).toBe(0);
  });

  it("names the vertex whose busiest subtask works most of its time", () => {
    const progress = new JobProgress(graph, 0, 0);
    progress.take(reading(0, 0), 100, NOW);
    const { busiest, heldBack } = progress.take(reading(10, 900), 2000, NOW);
    expect(busiest).toEqual({ name: "window name", share: 1 });
    expect(heldBack).toBeUndefined();
  });

  it("names the vertex that waits for room more than half of its time", () => {
    const progress = new JobProgress(graph, 0, 0);
    progress.take(reading(0, 0), 100, NOW);
    const { heldBack } = progress.take(reading(10, 200, 800), 2000, NOW);
    expect(heldBack).toEqual({ name: "source name", share: 0.8 });
  });

  it("names nobody while nothing works", () => {
    const progress = new JobProgress(graph, 0, 0);
    const { busiest, heldBack } = progress.take(metrics([["source", 0, { idleTime: 100 }]]), 100, NOW);
    expect([busiest, heldBack]).toEqual([undefined, undefined]);
  });
});

describe("checkpointProgress", () => {
  const summary = (
    id: number,
    status: CheckpointSummary["status"],
    kind: CheckpointSummary["kind"] = "checkpoint",
  ): CheckpointSummary => ({
    id,
    kind,
    status,
    triggeredAt: NOW + id * 1000,
    durationMs: status === "IN_PROGRESS" ? undefined : 30,
    stateBytes: 100 * id,
    writtenBytes: 1,
    path: undefined,
    failure: undefined,
  });
  const of = (...history: CheckpointSummary[]) =>
    checkpointProgress(
      { triggered: 0, completed: 0, failed: 0, inProgress: 0, restored: 0, history },
      NOW + 10_000,
    );

  it("knows the newest that completed, and what has failed since", () => {
    expect(of()).toEqual({ last: undefined, failed: 0 });
    expect(of(summary(2, "FAILED"), summary(1, "FAILED"))).toEqual({ last: undefined, failed: 2 });
    const last = { id: 3, age: 6970, duration: 30, stateBytes: 300 };
    expect(of(summary(3, "COMPLETED"), summary(2, "FAILED"))).toEqual({ last, failed: 0 });
    expect(
      of(summary(5, "IN_PROGRESS"), summary(4, "FAILED"), summary(3, "COMPLETED"), summary(2, "COMPLETED")),
    ).toEqual({ last, failed: 1 });
  });

  it("does not count savepoints, and never tells of the future", () => {
    expect(of(summary(4, "COMPLETED", "savepoint"), summary(3, "COMPLETED"))).toMatchObject({
      last: { id: 3 },
    });
    expect(of(summary(60, "COMPLETED"))).toMatchObject({ last: { age: 0 } });
  });
});
