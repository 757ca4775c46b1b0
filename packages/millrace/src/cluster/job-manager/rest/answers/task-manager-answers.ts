import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { TaskManagerDetails, TaskManagers } from "../../../../protocol/rest/task-managers.ts";
import type { TaskManagerView } from "../../dispatcher/dispatcher-gateway.ts";
import { whole } from "./statistics.ts";
import { NEVER } from "./times.ts";

type TaskManagerInfo = TaskManagers["taskmanagers"][number];
type Resource = TaskManagerInfo["totalResource"];

const MB = 1024 * 1024;

/** How many subtasks run where: by TaskManager, and by slot. */
export interface AssignedTasks {
  on(taskManager: string, slot?: string): number;
}

/** Counts the subtasks of these jobs that hold a slot. */
export function assignedTasks(jobs: readonly JobView[]): AssignedTasks {
  const counts = new Map<string, number>();
  const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const { current } of jobs.flatMap(({ vertices }) => vertices.flatMap(({ subtasks }) => subtasks))) {
    if (current.taskManagerId === undefined || !RUNS.has(current.state)) continue;
    count(current.taskManagerId);
    if (current.slotId !== undefined) count(`${current.taskManagerId}\n${current.slotId}`);
  }
  return {
    on: (taskManager, slot) => counts.get(slot === undefined ? taskManager : `${taskManager}\n${slot}`) ?? 0,
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
  const { health, hardware, slots, freeSlots, allocated, taskManagerId } = view;
  const heapUsed = whole(health?.heapUsed ?? 0);
  const heapCommitted = whole(health?.heapCommitted ?? heapUsed);
  const outside = whole(Math.max(0, (health?.residentMemory ?? 0) - heapUsed));
  return {
    ...taskManagerInfo(view, tasks),
    metrics: {
      heapUsed,
      heapCommitted,
      heapMax: hardware.slotHeap === undefined ? NEVER : whole(hardware.slotHeap * slots),
      nonHeapUsed: outside,
      nonHeapCommitted: outside,
      nonHeapMax: NEVER,
      directCount: 0,
      directUsed: whole(health?.external ?? 0),
      directMax: NEVER,
      mappedCount: 0,
      mappedUsed: 0,
      mappedMax: 0,
      nettyShuffleMemorySegmentsAvailable: 0,
      nettyShuffleMemorySegmentsUsed: 0,
      nettyShuffleMemorySegmentsTotal: 0,
      nettyShuffleMemoryAvailable: whole(hardware.networkMemory * freeSlots),
      nettyShuffleMemoryUsed: whole(hardware.networkMemory * (slots - freeSlots)),
      nettyShuffleMemoryTotal: whole(hardware.networkMemory * slots),
      garbageCollectors: [],
    },
    allocatedSlots: allocated.map(({ jobId, slotId }) => ({
      jobId,
      resource: resource(view, 1),
      assignedTasks: tasks.on(taskManagerId, slotId),
    })),
  };
}
