import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { ExecutionState } from "../../../../graph/execution/execution-state.ts";
import type { JobSummaryView, JobView } from "../../../../protocol/cluster/job-view.ts";
import type {
  DispatcherGateway,
  OperationView,
  TaskManagerView,
} from "../../dispatcher/dispatcher-gateway.ts";
import { EXECUTION_STATES } from "../../../../graph/execution/execution-state.ts";
import { JOB, SINK, SOURCE, sampleJob, START } from "./sample-job.ts";

/** A job's id that somebody else's job has. */
export const TRIGGER = "e".repeat(32);
export const ARTIFACT = `${"0".repeat(64)}_job.mjs`;
export const LOG = "millrace-jobmanager.log";

const notFound = (what: string): MillraceError => new MillraceError("NOT_FOUND", `there is no ${what}`);

export const operation = (overrides: Partial<OperationView> = {}): OperationView => ({
  kind: "savepoint",
  status: "COMPLETED",
  location: "/savepoints/s-1",
  checkpointId: undefined,
  failure: undefined,
  ...overrides,
});

export const sampleTaskManager: TaskManagerView = {
  taskManagerId: "tm-1",
  host: "10.0.0.1",
  dataPort: 7000,
  slots: 4,
  hardware: {
    cpuCores: 8,
    physicalMemory: 16e9,
    slotHeap: 512 * 1024 * 1024,
    networkMemory: 4 * 1024 * 1024,
  },
  engineVersion: "millrace 0.1.0",
  pid: 17,
  startedAt: START,
  lastHeartbeatAt: START + 4000,
  health: {
    residentMemory: 2e8,
    heapUsed: 1e8,
    heapCommitted: 1.2e8,
    external: 3e6,
    cpuLoad: 0.5,
    eventLoopLag: 3.5,
  },
  freeSlots: 2,
  allocated: [
    { slotId: "tm-1/0", jobId: JOB },
    { slotId: "tm-1/1", jobId: JOB },
  ],
};

const PLAN = {
  job: "orders",
  description: null,
  fingerprint: "f",
  args: [],
  slots: 1,
  vertices: [
    {
      id: SOURCE,
      name: "Source: orders",
      parallelism: 1,
      maxParallelism: 128,
      slotSharingGroup: "default",
      operators: [],
    },
  ],
  edges: [
    {
      from: SOURCE,
      to: SINK,
      fromOperator: 0,
      toOperator: 1,
      partitioner: "hash",
      input: 0,
      sideOutput: null,
    },
  ],
};

const summary = (job: JobView): JobSummaryView => ({
  ...job,
  tasks: Object.fromEntries(
    EXECUTION_STATES.map((state) => [
      state,
      job.vertices.flatMap(({ subtasks }) => subtasks).filter(({ current }) => current.state === state)
        .length,
    ]),
  ) as Record<ExecutionState, number>,
});

/** A gateway that answers from one sample of everything, and writes down what it was asked to do. */
export interface ScriptedGateway extends DispatcherGateway {
  /** "cancel 6f96..." */
  readonly calls: string[];
}

/** @param overrides what it does otherwise */
export function scriptedGateway(overrides: Partial<DispatcherGateway> = {}): ScriptedGateway {
  const calls: string[] = [];
  const log = new TextEncoder().encode("first line\nsecond line\n");
  const known = (id: string): void => {
    if (id !== JOB) throw notFound(`job ${id}`);
  };
  const taskManager = (id: string): TaskManagerView => {
    if (id !== sampleTaskManager.taskManagerId) throw notFound(`TaskManager ${id}`);
    return sampleTaskManager;
  };
  const files = [
    { name: LOG, bytes: log.length, modifiedAt: START },
    { name: "millrace-jobmanager.out", bytes: log.length, modifiedAt: START },
  ];
  const read = async (offset: number, bytes: number): Promise<Uint8Array> =>
    log.subarray(offset, offset + bytes);
  return {
    calls,
    addArtifact: async ({ name }) => {
      calls.push(`addArtifact ${name}`);
      return {
        id: `${"0".repeat(64)}_${name}`,
        name,
        sha256: "0".repeat(64),
        bytes: 1,
        uploadedAt: START,
        jobName: "orders",
        description: undefined,
      };
    },
    artifacts: async () => [
      {
        id: ARTIFACT,
        name: "job.mjs",
        sha256: "0".repeat(64),
        bytes: 10,
        uploadedAt: START,
        jobName: "orders",
        description: "counts orders",
      },
    ],
    removeArtifact: async (id) => {
      if (id !== ARTIFACT) throw notFound(`artifact ${id}`);
      calls.push(`removeArtifact ${id}`);
    },
    plan: async (run) => {
      if (run.artifactId !== ARTIFACT) throw notFound(`artifact ${run.artifactId}`);
      calls.push(`plan ${JSON.stringify(run)}`);
      return PLAN;
    },
    run: async (run) => {
      if (run.artifactId !== ARTIFACT) throw notFound(`artifact ${run.artifactId}`);
      calls.push(`run ${JSON.stringify(run)}`);
      return run.jobId ?? JOB;
    },
    jobs: async () => [summary(sampleJob)],
    job: async (id) => {
      known(id);
      calls.push("job");
      return sampleJob;
    },
    cancel: async (id) => {
      known(id);
      calls.push(`cancel ${id}`);
    },
    trigger: async (id, order, chosen) => {
      known(id);
      calls.push(`trigger ${JSON.stringify(order)}`);
      return chosen ?? TRIGGER;
    },
    operation: (id, trigger) => {
      known(id);
      if (trigger !== TRIGGER) throw notFound(`operation ${trigger}`);
      return operation();
    },
    requirements: async (id) => {
      known(id);
      return sampleJob.requirements;
    },
    setRequirements: async (id, requirements) => {
      known(id);
      calls.push(`setRequirements ${JSON.stringify(requirements)}`);
    },
    dispose: async (path) => {
      calls.push(`dispose ${path}`);
      return TRIGGER;
    },
    disposal: (trigger) => {
      if (trigger !== TRIGGER) throw notFound(`operation ${trigger}`);
      return operation({ kind: "dispose", location: undefined });
    },
    taskManagers: () => [sampleTaskManager],
    taskManager,
    taskManagerLogs: async (id) => (taskManager(id), files),
    taskManagerLog: async (id, _name, offset, bytes) => (taskManager(id), read(offset, bytes)),
    taskManagerThreads: async (id) => (taskManager(id), [{ threadName: "slot 0", text: "at map" }]),
    taskManagerMetrics: async (id) => (taskManager(id), { "Status.Network.Frames": 12 }),
    profile: async () => ({
      nodes: [
        {
          id: 1,
          callFrame: { functionName: "(root)", url: "", lineNumber: -1 },
          hitCount: 0,
          children: [2, 4],
        },
        {
          id: 2,
          callFrame: { functionName: "run", url: "file:///t.js", lineNumber: 4 },
          hitCount: 1,
          children: [3],
        },
        { id: 3, callFrame: { functionName: "map", url: "", lineNumber: 0 }, hitCount: 5 },
        { id: 4, callFrame: { functionName: "(idle)", url: "", lineNumber: -1 }, hitCount: 4 },
      ],
    }),
    logs: async () => files,
    log: async (_name, offset, bytes) => read(offset, bytes),
    threads: async () => [{ threadName: "main", text: "at loop" }],
    metrics: () => ({ "Status.JVM.Memory.Heap.Used": 123 }),
    config: () => ({ "rest.port": "8081", "security.rest.token": "******" }),
    engineVersion: "millrace 0.1.0",
    startedAt: START,
    shutDown: async () => void calls.push("shutDown"),
    ...overrides,
  };
}
