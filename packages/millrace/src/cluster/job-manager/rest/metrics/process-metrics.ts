import type { DispatcherGateway, TaskManagerView } from "../../dispatcher/dispatcher-gateway.ts";
import type { MetricValues } from "./metric-value.ts";

/** The JobManager's own metrics, those of the cluster among them. */
export async function jobManagerMetrics(gateway: DispatcherGateway): Promise<MetricValues> {
  const taskManagers = gateway.taskManagers();
  const jobs = await gateway.jobs();
  return {
    numRegisteredTaskManagers: taskManagers.length,
    numRunningJobs: jobs.filter(({ endedAt }) => endedAt === undefined).length,
    taskSlotsTotal: taskManagers.reduce((sum, { slots }) => sum + slots, 0),
    taskSlotsAvailable: taskManagers.reduce((sum, { freeSlots }) => sum + freeSlots, 0),
    ...gateway.metrics(),
  };
}

/** What a TaskManager told with its last heartbeat, by Flink's names. Node.js stands where Flink has a JVM. */
export function healthMetrics({ health }: TaskManagerView): MetricValues {
  if (health === undefined) return {};
  return {
    "Status.JVM.Memory.Heap.Used": health.heapUsed,
    "Status.JVM.Memory.Resident.Used": health.residentMemory,
    "Status.JVM.CPU.Load": health.cpuLoad,
    "Status.EventLoop.Lag": health.eventLoopLag,
  };
}

/** All that a TaskManager tells of itself. @throws CONNECTION_LOST where it doesn't answer */
export async function taskManagerMetrics(
  gateway: DispatcherGateway,
  view: TaskManagerView,
): Promise<MetricValues> {
  return { ...healthMetrics(view), ...(await gateway.taskManagerMetrics(view.taskManagerId)) };
}
