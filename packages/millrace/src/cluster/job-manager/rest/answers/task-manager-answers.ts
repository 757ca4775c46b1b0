import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { TaskManagerDetails, TaskManagers } from "../../../../protocol/rest/task-managers.ts";
import type { TaskManagerView } from "../../dispatcher/dispatcher-gateway.ts";
import { whole } from "./statistics.ts";

type TaskManagerInfo = TaskManagers["taskmanagers"][number];
type Resource = TaskManagerInfo["totalResource"];

const MB = 1024 * 1024;

/** How many subtasks run where: by TaskManager, and by TaskManager and job. */
export interface AssignedTasks {
  on(taskManager: string, job?: string): number;
}

/** Counts the subtasks of these jobs that hold a slot. */
export function assignedTasks(jobs: readonly JobView[]): AssignedTasks {
  const counts = new Map<string, number>();
  const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const { jobId, vertices } of jobs) {
    for (const { current } of vertices.flatMap(({ subtasks }) => subtasks)) {
      if (current.taskManagerId === undefined || !RUNS.has(current.state)) continue;
      count(current.taskManagerId);
      count(`${current.taskManagerId}\n${jobId}`);
    }
  }
  return {
    on: (taskManager, job) => counts.get(job === undefined ? taskManager : `${taskManager}\n${job}`) ?? 0,
  };
}

const RUNS: ReadonlySet<string> = new Set(["DEPLOYING", "INITIALIZING", "RUNNING", "CANCELING"]);

/** A TaskManager in the list of all. */
export function taskManagerInfo(view: TaskManagerView, tasks: AssignedTasks): TaskManagerInfo {
  const { taskManagerId, host, dataPort, slots, freeSlots, hardware, lastHeartbeatAt } = view;
  const taskHeap = (hardware.slotHeap ?? 0) * slots;
  const networkMemory = hardware.networkMemory * slots;
  return {
    id: taskManagerId,
    path: `tcp://${host.includes(":") ? `[${host}]` : host}:${dataPort}`,
    dataPort,
    jmxPort: -1,
    timeSinceLastHeartbeat: lastHeartbeatAt,
    slotsNumber: slots,
    freeSlots,
    totalResource: resource(view, slots),
    freeResource: resource(view, freeSlots),
    hardware: {
      cpuCores: hardware.cpuCores,
      physicalMemory: whole(hardware.physicalMemory),
      freeMemory: whole(taskHeap),
      managedMemory: 0,
    },
    memoryConfiguration: {
      frameworkHeap: 0,
      taskHeap: whole(taskHeap),
      frameworkOffHeap: 0,
      taskOffHeap: 0,
      networkMemory: whole(networkMemory),
      managedMemory: 0,
      jvmMetaspace: 0,
      jvmOverhead: 0,
      totalFlinkMemory: whole(taskHeap + networkMemory),
      totalProcessMemory: whole(taskHeap + networkMemory),
    },
    blocked: false,
    assignedTasks: tasks.on(taskManagerId),
  };
}

/** One slot has a core to itself, as far as anybody can tell. */
const resource = ({ hardware }: TaskManagerView, slots: number): Resource => ({
  cpuCores: slots,
  taskHeapMemory: whole(((hardware.slotHeap ?? 0) * slots) / MB),
  taskOffHeapMemory: 0,
  managedMemory: 0,
  networkMemory: whole((hardware.networkMemory * slots) / MB),
  extendedResources: {},
});

/** A TaskManager with its slots, and how it is. */
export function taskManagerDetails(view: TaskManagerView, tasks: AssignedTasks): TaskManagerDetails {
  const { health, hardware, slots, allocated, taskManagerId } = view;
  const jobs = Map.groupBy(allocated, ({ jobId }) => jobId);
  const network = whole(hardware.networkMemory * slots);
  return {
    ...taskManagerInfo(view, tasks),
    metrics: {
      heapUsed: whole(health?.heapUsed ?? 0),
      heapCommitted: whole(health?.heapUsed ?? 0),
      heapMax: whole((hardware.slotHeap ?? 0) * slots),
      nonHeapUsed: whole(Math.max(0, (health?.residentMemory ?? 0) - (health?.heapUsed ?? 0))),
      nonHeapCommitted: whole(Math.max(0, (health?.residentMemory ?? 0) - (health?.heapUsed ?? 0))),
      nonHeapMax: -1,
      directCount: 0,
      directUsed: 0,
      directMax: 0,
      mappedCount: 0,
      mappedUsed: 0,
      mappedMax: 0,
      nettyShuffleMemorySegmentsAvailable: 0,
      nettyShuffleMemorySegmentsUsed: 0,
      nettyShuffleMemorySegmentsTotal: 0,
      nettyShuffleMemoryAvailable: 0,
      nettyShuffleMemoryUsed: 0,
      nettyShuffleMemoryTotal: network,
      garbageCollectors: [],
    },
    allocatedSlots: allocated.map(({ jobId }) => ({
      jobId,
      resource: resource(view, 1),
      // Which of a job's slots runs which of its tasks is not known here: they are shared out evenly.
      assignedTasks: Math.ceil(tasks.on(taskManagerId, jobId) / (jobs.get(jobId)?.length ?? 1)),
    })),
  };
}
