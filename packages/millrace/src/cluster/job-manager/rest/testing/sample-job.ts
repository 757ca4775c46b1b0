import type { JobId } from "../../../../common/ids/ids.ts";
import { vertexId } from "../../../../common/ids/ids.ts";
import type {
  AttemptView,
  CheckpointView,
  JobView,
  SubtaskView,
} from "../../../../protocol/cluster/job-view.ts";

/** Ids and times of the job below. */
export const JOB = "6f9619ff8b86d011b42d00c04fc964ff" as JobId;
export const SOURCE = vertexId("a".repeat(32));
export const SINK = vertexId("b".repeat(32));
export const START = 1_700_000_000_000;

function attempt(number: number, overrides: Partial<AttemptView> = {}): AttemptView {
  return {
    attempt: number,
    state: "RUNNING",
    timestamps: {
      CREATED: START,
      SCHEDULED: START + 10,
      DEPLOYING: START + 20,
      INITIALIZING: START + 30,
      RUNNING: START + 50,
    },
    taskManagerId: "tm-1",
    slotId: "tm-1/0",
    endpoint: "10.0.0.1:7000",
    metrics: {
      numRecordsIn: 100,
      numRecordsOut: 90,
      numBytesIn: 1000,
      numBytesOut: 900,
      busyTimeMsPerSecond: 250.5,
      idleTimeMsPerSecond: 649.5,
      backPressuredTimeMsPerSecond: 100,
      accumulateBusyTimeMs: 2500,
      accumulateIdleTimeMs: 6500,
      accumulateBackPressuredTimeMs: 1000,
      currentInputWatermark: -Infinity,
      'parse "it"\n.seen': 7,
    },
    ...overrides,
  };
}

const subtask = (index: number, current: AttemptView, earlier: readonly AttemptView[] = []): SubtaskView => ({
  subtask: index,
  current,
  earlier,
});

const completed: CheckpointView = {
  id: 7,
  kind: "checkpoint",
  status: "COMPLETED",
  triggeredAt: START + 1000,
  latestAckAt: START + 1040,
  durationMs: 45.5,
  stateBytes: 5000,
  writtenBytes: 300,
  channelBytes: 0,
  path: "/checkpoints/chk-7",
  discarded: false,
  failure: undefined,
  subtasks: 3,
  acknowledged: 3,
  tasks: [
    {
      vertex: SOURCE,
      subtasks: [0, 1].map((index) => ({
        subtask: index,
        ackAt: START + 1020 + index,
        stateBytes: 2000,
        writtenBytes: 100,
        channelBytes: 0,
        alignment: 1.5,
        startDelay: 2,
        sync: 1,
        async: 10.25,
      })),
    },
    {
      vertex: SINK,
      subtasks: [
        {
          subtask: 0,
          ackAt: undefined,
          stateBytes: 0,
          writtenBytes: 0,
          channelBytes: 0,
          alignment: 0,
          startDelay: 0,
          sync: 0,
          async: 0,
        },
      ],
    },
  ],
};

/** A job with two vertices that was started again, checkpointed and rescaled. */
export const sampleJob: JobView = {
  jobId: JOB,
  name: "orders <b>",
  status: "RUNNING",
  timestamps: { INITIALIZING: START, CREATED: START + 5, RUNNING: START + 15 },
  startedAt: START,
  endedAt: undefined,
  maxParallelism: 128,
  restarts: 1,
  waiting: "waiting for 3 slots, 2 are free for it, 2 s of 300 s",
  vertices: [
    {
      id: SOURCE,
      name: "Source: orders -> <parse>",
      parallelism: 2,
      maxParallelism: 128,
      slotSharingGroup: "default",
      operators: [
        { uid: "u1", name: "orders", kind: "source" },
        { uid: "u2", name: 'parse "it"\n', kind: "map" },
      ],
      subtasks: [
        subtask(0, attempt(1), [
          attempt(0, { state: "FAILED", timestamps: { DEPLOYING: START, FAILED: START + 9 } }),
        ]),
        subtask(
          1,
          attempt(1, {
            metrics: { numRecordsIn: 300, currentInputWatermark: 42 },
            taskManagerId: "tm-2",
            endpoint: "10.0.0.2:7000",
          }),
        ),
      ],
    },
    {
      id: SINK,
      name: "Sink: ledger",
      parallelism: 1,
      maxParallelism: 128,
      slotSharingGroup: "sinks",
      operators: [{ uid: "u3", name: "ledger", kind: "sink" }],
      subtasks: [
        subtask(
          0,
          attempt(0, {
            state: "CREATED",
            timestamps: { CREATED: START },
            taskManagerId: undefined,
            endpoint: undefined,
            metrics: {},
          }),
        ),
      ],
    },
  ],
  edges: [{ source: SOURCE, target: SINK, shipStrategy: "HASH" }],
  exceptions: [
    {
      at: START + 9,
      code: "USER_FUNCTION_FAILED",
      message: "operator parse failed",
      stack: "Error: operator parse failed\n    at parse (orders.ts:3:1)",
      task: "Source: orders (1/2)",
      taskManagerId: "tm-1",
      endpoint: "10.0.0.1:7000",
    },
    {
      at: START + 3,
      code: "SLOT_LOST",
      message: "a slot ended",
      stack: "",
      task: undefined,
      taskManagerId: undefined,
      endpoint: undefined,
    },
  ],
  checkpoints: {
    counts: { restored: 1, total: 4, inProgress: 1, completed: 2, failed: 1 },
    history: [
      {
        ...completed,
        id: 9,
        status: "IN_PROGRESS",
        latestAckAt: undefined,
        durationMs: undefined,
        path: undefined,
        acknowledged: 0,
        tasks: [],
      },
      { ...completed, id: 8, status: "FAILED", path: undefined, failure: "a task declined it", tasks: [] },
      completed,
      { ...completed, id: 6, kind: "savepoint", durationMs: 99, channelBytes: 0, path: "/savepoints/s-6" },
      { ...completed, id: 5, channelBytes: 77, tasks: [] },
    ],
    restored: { id: 4, at: START + 30, isSavepoint: true, path: "/savepoints/s-4" },
  },
  rescales: [
    {
      id: "c".repeat(32),
      startedAt: START + 5000,
      endedAt: undefined,
      status: "IN_PROGRESS",
      trigger: "new resources",
      parallelism: { [SOURCE]: { from: 2, to: 3 } },
      failure: undefined,
    },
    {
      id: "d".repeat(32),
      startedAt: START + 2000,
      endedAt: START + 2500,
      status: "COMPLETED",
      trigger: "request",
      parallelism: { [SOURCE]: { from: 1, to: 2 } },
      failure: undefined,
    },
  ],
  config: {
    "execution.checkpointing.interval": "10 s",
    "execution.checkpointing.dir": "/checkpoints",
    "security.rest.token": "******",
    "parallelism.default": "2",
  },
  requirements: { [SOURCE]: { lower: 1, upper: 4 }, [SINK]: { lower: 1, upper: 1 } },
};
