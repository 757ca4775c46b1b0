import { Type, type Static } from "typebox";
import { HexId, Integer, named } from "./schema-parts.ts";

const Resource = named("Resource", {
  cpuCores: Type.Number(),
  taskHeapMemory: Type.Integer({ description: "MB" }),
  taskOffHeapMemory: Integer,
  managedMemory: Integer,
  networkMemory: Type.Integer({ description: "MB" }),
  extendedResources: Type.Record(Type.String(), Type.Number()),
});

const taskManager = {
  id: Type.String(),
  path: Type.String(),
  dataPort: Integer,
  jmxPort: Integer,
  timeSinceLastHeartbeat: Type.Integer({ description: "when the last heartbeat came, as in Flink" }),
  slotsNumber: Integer,
  freeSlots: Integer,
  totalResource: Resource,
  freeResource: Resource,
  hardware: named("Hardware", {
    cpuCores: Integer,
    physicalMemory: Integer,
    freeMemory: Type.Integer({ description: "heap of all slots; 0 where it is not limited" }),
    managedMemory: Integer,
  }),
  memoryConfiguration: named("MemoryConfiguration", {
    frameworkHeap: Integer,
    taskHeap: Integer,
    frameworkOffHeap: Integer,
    taskOffHeap: Integer,
    networkMemory: Integer,
    managedMemory: Integer,
    jvmMetaspace: Integer,
    jvmOverhead: Integer,
    totalFlinkMemory: Integer,
    totalProcessMemory: Integer,
  }),
  blocked: Type.Boolean(),
  assignedTasks: Integer,
};

/** `GET /taskmanagers`. */
export const TaskManagers = named("TaskManagers", {
  taskmanagers: Type.Array(named("TaskManager", taskManager)),
});
export type TaskManagers = Static<typeof TaskManagers>;

/** `GET /taskmanagers/:id`. What Node.js does not tell is 0. */
export const TaskManagerDetails = named("TaskManagerDetails", {
  ...taskManager,
  metrics: named("TaskManagerMetrics", {
    heapUsed: Integer,
    heapCommitted: Integer,
    heapMax: Integer,
    nonHeapUsed: Integer,
    nonHeapCommitted: Integer,
    nonHeapMax: Integer,
    directCount: Integer,
    directUsed: Integer,
    directMax: Integer,
    mappedCount: Integer,
    mappedUsed: Integer,
    mappedMax: Integer,
    nettyShuffleMemorySegmentsAvailable: Integer,
    nettyShuffleMemorySegmentsUsed: Integer,
    nettyShuffleMemorySegmentsTotal: Integer,
    nettyShuffleMemoryAvailable: Integer,
    nettyShuffleMemoryUsed: Integer,
    nettyShuffleMemoryTotal: Integer,
    garbageCollectors: Type.Array(
      named("GarbageCollector", { name: Type.String(), count: Integer, time: Integer }),
    ),
  }),
  allocatedSlots: Type.Array(
    named("AllocatedSlot", { jobId: HexId, resource: Resource, assignedTasks: Integer }),
  ),
});
export type TaskManagerDetails = Static<typeof TaskManagerDetails>;
