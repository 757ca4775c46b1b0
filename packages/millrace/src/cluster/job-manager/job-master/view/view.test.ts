import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { vertexId } from "../../../../common/ids/ids.ts";
import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { TaskMetrics } from "../../../../runtime/task/task-metrics.ts";
import { CheckpointHistory } from "../checkpoints/checkpoint-history.ts";
import { settle } from "../testing/scripted-job.ts";
import { ExecutionTable } from "../units/execution-table.ts";
import { subtaskKey } from "../units/subtask-key.ts";
import { JobChronicle } from "./job-chronicle.ts";
import { MetricRates } from "./metric-rates.ts";
import { MetricsPoller } from "./metrics-poller.ts";
import { viewCheckpoints } from "./view-checkpoints.ts";

const V = vertexId("v");
const graph: JobGraph = {
  jobName: "test",
  vertices: [
    { id: V, name: "map", nodes: [0], parallelism: 2, maxParallelism: 128, slotSharingGroup: "default" },
  ],
  edges: [],
  fingerprint: "f",
};

const metrics = (over: Partial<TaskMetrics>): TaskMetrics => ({
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
  ...over,
});

describe("MetricRates", () => {
  it("gives totals at once, and rates over the time between two polls", () => {
    const rates = new MetricRates();
    expect(rates.of("v/0#0")).toEqual({});
    const first = metrics({ numRecordsIn: 100, busyTime: 50, user: { "map.seen": 7 } });
    rates.polled(new Map([["v/0#0", first]]), 1000);
    expect(rates.of("v/0#0")).toMatchObject({ numRecordsIn: 100, numRecordsInPerSecond: 0, "map.seen": 7 });
    const next = new Map([["v/0#0", metrics({ numRecordsIn: 400, busyTime: 3050 })]]);
    rates.polled(next, 3000);
    const seen = {
      numRecordsIn: 400,
      numRecordsInPerSecond: 150,
      busyTimeMsPerSecond: 1000,
      accumulateBusyTimeMs: 3050,
      idleTimeMsPerSecond: 0,
    };
    expect(rates.of("v/0#0")).toMatchObject(seen);
    // A slot that does not answer says what it said before.
    rates.polled(next, 9000);
    expect(rates.of("v/0#0")).toMatchObject(seen);
    rates.polled(new Map(), 10_000);
    expect(rates.of("v/0#0")).toEqual({});
  });
});

describe("MetricsPoller", () => {
  it("polls no more often than it may, whoever looks how often, and not again while slots don't answer", async () => {
    const clock = new ManualClock();
    let polls = 0;
    let answer = Promise.withResolvers<ReadonlyMap<string, TaskMetrics>>();
    const poller = new MetricsPoller(clock, async () => {
      polls++;
      return answer.promise;
    });
    for (let i = 0; i < 10; i++) poller.wanted();
    clock.advance(60_000);
    poller.wanted();
    expect(polls).toBe(1);
    answer.resolve(new Map([["v/0#0", metrics({ numRecordsIn: 3 })]]));
    await settle();
    expect(poller.rates.of("v/0#0")).toMatchObject({ numRecordsIn: 3 });
    answer = Promise.withResolvers();
    poller.wanted();
    expect(polls).toBe(2);
    poller.close(new Map());
    clock.advance(60_000);
    poller.wanted();
    expect(polls).toBe(2);
  });
});

describe("JobChronicle", () => {
  it("remembers the last failures that are causes, and the last attempts of each subtask", () => {
    const clock = new ManualClock(1000);
    const chronicle = new JobChronicle(clock);
    const unit = {
      index: 0,
      slots: 1,
      firstSlot: 0,
      tasks: [{ vertex: V, subtask: 0, slot: 0 }],
      channels: [],
    };
    for (let number = 0; number < 40; number++) {
      const attempt = {
        number,
        executions: new ExecutionTable(unit, number, () => clock.now()),
        location: () => ({ slotId: "tm/0" as never, taskManagerId: "tm", endpoint: "host:1" }),
      };
      const at = { slot: 0, execution: attempt.executions.all[0] };
      chronicle.failed(new MillraceError("USER_FUNCTION_FAILED", `no ${number}`), graph, attempt, at);
      chronicle.failed(new MillraceError("CHANNEL_CLOSED", "a consequence"), graph, attempt, at);
      attempt.executions.all[0]?.machine.to("FAILED");
      chronicle.replaced(attempt);
    }
    expect(chronicle.exceptions).toHaveLength(16);
    expect(chronicle.exceptions[0]).toMatchObject({
      code: "USER_FUNCTION_FAILED",
      message: "no 39",
      task: "map (1/2)",
      taskManagerId: "tm",
    });
    const attempts = chronicle.attempts(subtaskKey(V, 0));
    expect([attempts.length, attempts[0]?.attempt, attempts.at(-1)?.attempt]).toEqual([16, 39, 24]);
    expect(attempts[0]).toMatchObject({ state: "FAILED", timestamps: { CREATED: 1000, FAILED: 1000 } });
  });
});

describe("viewCheckpoints", () => {
  it("tells who has acknowledged, at whatever parallelism that was, and what was discarded", () => {
    const history = new CheckpointHistory();
    const keys = [0, 1, 2].map((subtask) => subtaskKey(V, subtask));
    const part = {
      alignment: 1,
      sync: 2,
      async: 3,
      startDelay: 4,
      stateBytes: 10,
      writtenBytes: 5,
      channelBytes: 2,
    };
    history.began(7, "checkpoint", 100);
    history.triggered(7, keys);
    for (const key of keys) history.wrote(7, part, key, 130);
    history.completed(7, 40, "/c/chk-7");
    history.began(8, "savepoint", 200, "stop");
    history.triggered(8, keys);
    history.wrote(8, part, keys[2] as never, 210);
    const { counts, history: all } = viewCheckpoints(history, graph, new Set());
    expect(counts).toEqual({ restored: 0, total: 2, inProgress: 1, completed: 1, failed: 0 });
    expect(all[0]).toMatchObject({
      id: 8,
      kind: "sync savepoint",
      subtasks: 3,
      acknowledged: 1,
      latestAckAt: 210,
    });
    expect(all[0]?.tasks[0]?.subtasks.map(({ ackAt }) => ackAt)).toEqual([undefined, undefined, 210]);
    expect(all[1]).toMatchObject({
      id: 7,
      status: "COMPLETED",
      stateBytes: 36,
      channelBytes: 6,
      discarded: true,
    });
    expect(viewCheckpoints(history, graph, new Set([7])).history[1]).toMatchObject({ discarded: false });
  });
});
