import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BackPressure, FlameGraph, VertexDetails } from "../../../protocol/rest/vertices.ts";
import type { CheckpointStats, CheckpointSubtasks } from "../../../protocol/rest/checkpoints.ts";
import type { JobDetails, JobExceptions, JobResult } from "../../../protocol/rest/jobs.ts";
import type { TaskManagerDetails } from "../../../protocol/rest/task-managers.ts";
import { JOB, SINK, SOURCE, sampleJob, START } from "./testing/sample-job.ts";
import { serving, type Serving } from "./testing/serving.ts";

let server: Serving;
beforeAll(async () => {
  server = await serving();
});
afterAll(async () => server[Symbol.asyncDispose]());

const NOW = START + 10_000;
const vertex = `/jobs/${JOB}/vertices/${SOURCE}`;

describe("the cluster", () => {
  it("is told in numbers", async () => {
    expect(await server.json("/overview")).toEqual({
      taskmanagers: 1,
      "slots-total": 4,
      "slots-available": 2,
      "jobs-running": 1,
      "jobs-finished": 0,
      "jobs-cancelled": 0,
      "jobs-failed": 0,
      "flink-version": "millrace 0.1.0",
      "flink-commit": "",
      "taskmanagers-blocked": 0,
      "slots-free-and-blocked": 0,
    });
  });

  it("tells how a TaskManager is, and what it runs", async () => {
    const answer = (await server.json("/taskmanagers/tm-1")) as TaskManagerDetails;
    expect(answer).toMatchObject({
      id: "tm-1",
      path: "tcp://10.0.0.1:7000",
      timeSinceLastHeartbeat: START + 4000,
      slotsNumber: 4,
      freeSlots: 2,
      assignedTasks: 1,
      memoryConfiguration: { taskHeap: 2048 * 1024 * 1024, networkMemory: 16 * 1024 * 1024 },
      metrics: {
        heapUsed: 1e8,
        heapCommitted: 1.2e8,
        directUsed: 3e6,
        nettyShuffleMemoryUsed: 8 * 1024 * 1024,
        nettyShuffleMemoryAvailable: 8 * 1024 * 1024,
      },
      allocatedSlots: [{ assignedTasks: 1 }, { assignedTasks: 0 }],
    });
    expect(answer.allocatedSlots.map(({ jobId }) => jobId)).toEqual([JOB, JOB]);
  });
});

describe("a job", () => {
  it("is told with its vertices, its plan and what it waits for", async () => {
    const job = (await server.json(`/jobs/${JOB}`)) as JobDetails;
    expect(job).toMatchObject({
      jid: JOB,
      name: "orders <b>",
      state: "RUNNING",
      "start-time": START,
      "end-time": -1,
      duration: 10_000,
      now: NOW,
      restarts: 1,
      waiting: "waiting for 3 slots, 2 are free for it, 2 s of 300 s",
    });
    expect(job.timestamps).toMatchObject({ RUNNING: START + 15, FAILED: 0 });
    expect(job["status-counts"]).toMatchObject({ RUNNING: 2, CREATED: 1, FINISHED: 0 });
    const [source, sink] = job.vertices;
    expect(source).toMatchObject({
      id: SOURCE,
      status: "RUNNING",
      "start-time": START + 20,
      duration: 9980,
      // One of its subtasks has not told its bytes.
      metrics: {
        "read-records": 400,
        "read-records-complete": true,
        "read-bytes": 1000,
        "read-bytes-complete": false,
      },
    });
    expect(sink).toMatchObject({ status: "CREATED", "start-time": -1, "end-time": -1, duration: -1 });
    expect(source?.slotSharingGroupId).not.toBe(sink?.slotSharingGroupId);
    expect(job.plan.nodes).toEqual([
      expect.objectContaining({
        id: SOURCE,
        parallelism: 2,
        description: "Source: orders -&gt; &lt;parse&gt;<br/>",
      }),
      expect.objectContaining({
        id: SINK,
        inputs: [{ num: 0, id: SOURCE, ship_strategy: "HASH", exchange: "pipelined_bounded" }],
      }),
    ]);
    expect(job.plan.nodes[0]).not.toHaveProperty("inputs");
  });

  it("tells its failures, the newest first, as many as are asked for", async () => {
    const ask = async (query: string): Promise<JobExceptions["exceptionHistory"]> =>
      ((await server.json(`/jobs/${JOB}/exceptions${query}`)) as JobExceptions).exceptionHistory;
    const { entries, truncated } = await ask("");
    expect(truncated).toBe(false);
    expect(entries.map(({ exceptionName }) => exceptionName)).toEqual(["USER_FUNCTION_FAILED", "SLOT_LOST"]);
    expect(entries[1]).toMatchObject({ stacktrace: "a slot ended", taskName: null, endpoint: null });
    expect(await ask("?maxExceptions=1")).toMatchObject({
      truncated: true,
      entries: [{ timestamp: START + 9 }],
    });
    expect(await ask("?failureLabelFilter=code:SLOT_LOST")).toMatchObject({
      truncated: false,
      entries: [{ exceptionName: "SLOT_LOST" }],
    });
  });

  it("has a result when it has ended", async () => {
    expect(await server.json(`/jobs/${JOB}/execution-result`)).toEqual({
      status: { id: "IN_PROGRESS" },
      "job-execution-result": null,
    });
    await using failed = await serving(
      {},
      { job: async () => ({ ...sampleJob, status: "FAILED", endedAt: START + 70 }) },
    );
    const result = (await failed.json(`/jobs/${JOB}/execution-result`)) as JobResult;
    expect(result).toMatchObject({
      status: { id: "COMPLETED" },
      "job-execution-result": {
        "application-status": "FAILED",
        "net-runtime": 70,
        "failure-cause": { class: "USER_FUNCTION_FAILED" },
      },
    });
  });
});

describe("a vertex", () => {
  it("tells the attempts of its subtasks", async () => {
    const answer = (await server.json(vertex)) as VertexDetails;
    expect(answer.subtasks[0]).toMatchObject({
      subtask: 0,
      attempt: 1,
      endpoint: "10.0.0.1:7000",
      "taskmanager-id": "tm-1",
      "status-duration": { CREATED: 10, SCHEDULED: 10, DEPLOYING: 10, INITIALIZING: 20, RUNNING: 9950 },
    });
    expect(answer.aggregated.metrics["read-records"]).toMatchObject({
      min: 100,
      max: 300,
      avg: 200,
      sum: 400,
    });
    expect(await server.json(`${vertex}/subtasks/0/attempts/0`)).toMatchObject({
      attempt: 0,
      status: "FAILED",
      "end-time": START + 9,
      duration: 9,
    });
  });

  it("is grouped by TaskManager", async () => {
    expect(await server.json(`${vertex}/taskmanagers`)).toMatchObject({
      taskmanagers: [
        { "taskmanager-id": "tm-1", "status-counts": { RUNNING: 1 }, metrics: { "read-records": 100 } },
        { "taskmanager-id": "tm-2", endpoint: "10.0.0.2:7000", metrics: { "read-records": 300 } },
      ],
    });
    expect(await server.json(`/jobs/${JOB}/vertices/${SINK}/taskmanagers`)).toMatchObject({
      taskmanagers: [{ "taskmanager-id": "(unassigned)", endpoint: "(unassigned)" }],
    });
  });

  it.each([
    [0, "ok"],
    [100, "ok"],
    [101, "low"],
    [500, "low"],
    [501, "high"],
    [4000, "high"],
  ])("held back %i ms a second is %s", async (ms, level) => {
    const [source, sink] = sampleJob.vertices;
    const [first, second] = source!.subtasks;
    const slow = {
      ...second!,
      current: { ...second!.current, metrics: { backPressuredTimeMsPerSecond: ms } },
    };
    const calm = { ...first!, current: { ...first!.current, metrics: { backPressuredTimeMsPerSecond: 0 } } };
    const job = { ...sampleJob, vertices: [{ ...source!, subtasks: [calm, slow] }, sink!] };
    await using other = await serving({}, { job: async () => job });
    const answer = (await other.json(`${vertex}/backpressure`)) as BackPressure;
    expect(answer).toMatchObject({ status: "ok", backpressureLevel: level, "end-timestamp": NOW });
    expect(answer.subtasks?.map((each) => each.backpressureLevel)).toEqual(["ok", level]);
    expect(Math.max(...answer.subtasks!.map(({ ratio }) => ratio))).toBe(Math.min(1, ms / 1000));
  });

  it("knows nothing of back pressure before its subtasks have told", async () => {
    expect(await server.json(`/jobs/${JOB}/vertices/${SINK}/backpressure`)).toEqual({
      status: "deprecated",
      backpressureLevel: null,
      "end-timestamp": null,
      subtasks: null,
    });
  });

  it("tells watermarks as Flink's numbers", async () => {
    expect(await server.json(`${vertex}/watermarks`)).toEqual([
      { id: "0.currentInputWatermark", value: "-9223372036854775808" },
      { id: "1.currentInputWatermark", value: "42" },
    ]);
  });

  it("adds up the CPU profiles of its subtasks into a flame graph", async () => {
    const ask = async (query: string): Promise<FlameGraph> =>
      (await server.json(`${vertex}/flamegraph${query}`)) as FlameGraph;
    const map = { name: "map", value: 10, children: [] };
    const run = { name: "run file:///t.js:5", value: 12, children: [map] };
    const idle = { name: "(idle)", value: 8, children: [] };
    expect(await ask("")).toEqual({
      endTimestamp: NOW,
      data: { name: "root", value: 20, children: [run, idle] },
    });
    expect((await ask("?type=on_cpu")).data).toEqual({ name: "root", value: 12, children: [run] });
    expect((await ask("?type=OFF_CPU")).data).toEqual({ name: "root", value: 8, children: [idle] });
    expect((await ask("?subtaskindex=1")).data?.value).toBe(10);
    expect(await server.json(`/jobs/${JOB}/vertices/${SINK}/flamegraph`)).toEqual({
      endTimestamp: NOW,
      data: null,
    });
  });
});

describe("checkpoints", () => {
  it("are told with the last of each kind and statistics of the completed ones", async () => {
    const stats = (await server.json(`/jobs/${JOB}/checkpoints`)) as CheckpointStats;
    expect(stats.counts).toEqual({ restored: 1, total: 4, in_progress: 1, completed: 2, failed: 1 });
    expect(stats.latest.completed).toMatchObject({
      id: 7,
      className: "completed",
      external_path: "/checkpoints/chk-7",
    });
    expect(stats.latest.savepoint).toMatchObject({ id: 6, is_savepoint: true, checkpoint_type: "SAVEPOINT" });
    expect(stats.latest.failed).toMatchObject({ id: 8, failure_message: "a task declined it" });
    expect(stats.latest.restored).toEqual({
      id: 4,
      restore_timestamp: START + 30,
      is_savepoint: true,
      external_path: "/savepoints/s-4",
    });
    expect(stats.history.map(({ id, className }) => [id, className])).toEqual([
      [9, "in_progress"],
      [8, "failed"],
      [7, "completed"],
      [6, "completed"],
      [5, "completed"],
    ]);
    expect(stats.history[0]).not.toHaveProperty("external_path");
    expect(stats.history[4]).toMatchObject({ checkpoint_type: "UNALIGNED_CHECKPOINT", persisted_data: 77 });
    expect(stats.summary.end_to_end_duration).toMatchObject({ min: 46, max: 99, p50: 46, p999: 99 });
  });

  it("are told by vertex and subtask", async () => {
    const path = `/jobs/${JOB}/checkpoints/details/7`;
    expect(await server.json(path)).toMatchObject({
      tasks: {
        [SOURCE]: { status: "COMPLETED", num_subtasks: 2, num_acknowledged_subtasks: 2, state_size: 4000 },
        [SINK]: { num_acknowledged_subtasks: 0, latest_ack_timestamp: -1, end_to_end_duration: -1 },
      },
    });
    const subtasks = (await server.json(`${path}/subtasks/${SOURCE}`)) as CheckpointSubtasks;
    expect(subtasks.subtasks[1]).toMatchObject({
      className: "completed",
      ack_timestamp: START + 1021,
      end_to_end_duration: 21,
      checkpoint: { sync: 1, async: 10 },
    });
    expect(await server.json(`${path}/subtasks/${SINK}`)).toMatchObject({
      subtasks: [{ className: "pending", index: 0, status: "pending_or_failed" }],
      summary: { state_size: { min: 0, p50: "NaN" } },
    });
  });

  it("say how they are taken, with the defaults of what is not set", async () => {
    expect(await server.json(`/jobs/${JOB}/checkpoints/config`)).toMatchObject({
      mode: "exactly_once",
      interval: 10_000,
      timeout: 600_000,
      externalization: { enabled: false, delete_on_cancellation: true },
      state_backend: "HashMapStateBackend",
      checkpoint_storage: "FileSystemCheckpointStorage",
      unaligned_checkpoints: false,
    });
    await using bare = await serving({}, { job: async () => ({ ...sampleJob, config: {} }) });
    expect(await bare.json(`/jobs/${JOB}/checkpoints/config`)).toMatchObject({
      interval: Number.MAX_SAFE_INTEGER,
      checkpoint_storage: "JobManagerCheckpointStorage",
    });
  });
});

describe("rescales", () => {
  it("are told with the last of each kind", async () => {
    expect(await server.json(`/jobs/${JOB}/rescales/overview`)).toMatchObject({
      rescalesCounts: { ignored: 0, inProgress: 1, completed: 1, failed: 0 },
      latest: {
        completed: { rescaleUuid: "d".repeat(32), rescaleAttemptId: 1 },
        failed: null,
        ignored: null,
      },
    });
    expect(await server.json(`/jobs/${JOB}/rescales/history`)).toMatchObject([
      {
        terminalState: null,
        triggerCause: "NEW_RESOURCE_AVAILABLE",
        endTimestampInMillis: null,
        rescaleAttemptId: 2,
      },
      {
        terminalState: "COMPLETED",
        triggerCause: "UPDATE_REQUIREMENT",
        vertices: { [SOURCE]: { preRescaleParallelism: 1, postRescaleParallelism: 2 } },
      },
    ]);
    expect(await server.json(`/jobs/${JOB}/rescales/summary`)).toMatchObject({
      rescalesDurationStatsInMillis: { min: 500, max: 500 },
      failedRescalesDurationStatsInMillis: { p50: "NaN" },
    });
  });
});

it("asks a JobMaster once for requests that come together", async () => {
  const answer = Promise.withResolvers<typeof sampleJob>();
  let asked = 0;
  await using slow = await serving({}, { job: () => (asked++, answer.promise) });
  const answers = ["", "/plan", "/status", "/checkpoints"].map((part) =>
    slow.ask("GET", `/jobs/${JOB}${part}`),
  );
  await expect.poll(() => asked).toBe(1);
  // A further one finds the first still waiting.
  const last = slow.ask("GET", `/jobs/${JOB}/config`);
  await slow.json("/overview");
  answer.resolve(sampleJob);
  for (const each of await Promise.all([...answers, last])) expect(each.status).toBe(200);
  expect(asked).toBe(1);
});

it("sends nothing that doesn't fit its schema, and logs it", async () => {
  await using wrong = await serving(
    {},
    { job: async () => ({ ...sampleJob, status: "ASLEEP" as "RUNNING" }) },
  );
  const response = await wrong.ask("GET", `/jobs/${JOB}/status`);
  expect(response.status).toBe(500);
  expect(wrong.logged.join("\n")).toMatch(/does not fit its schema.*\/status/u);
});
