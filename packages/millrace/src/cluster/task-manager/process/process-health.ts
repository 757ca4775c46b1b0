import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../../../common/clock/clock.ts";
import type { TaskManagerHealth } from "../../../protocol/cluster/resource-messages.ts";
import type { DataNetworkMetrics } from "../../../runtime/network/tcp/data-network.ts";

/** Measures the process that it is in. */
export interface ProcessHealth {
  /** Since it was asked last. */
  sample(): TaskManagerHealth;
  /** What it was when it was asked last, and how much the process has used in all, by Flink's names where there are such. */
  metrics(
    slots: { readonly free: number; readonly all: number },
    network: DataNetworkMetrics,
  ): Readonly<Record<string, number>>;
  close(): void;
}

/** ms between looks at the event loop. */
const RESOLUTION = 20;

/** @example `const health = measureProcess(new SystemClock())` */
export function measureProcess(clock: Clock): ProcessHealth {
  const lag = monitorEventLoopDelay({ resolution: RESOLUTION });
  lag.enable();
  let at = clock.monotonic();
  let used = process.cpuUsage();
  let last: TaskManagerHealth | undefined;
  const sample = (): TaskManagerHealth => {
    const now = clock.monotonic();
    const { user, system } = process.cpuUsage(used);
    const elapsed = Math.max(1, now - at);
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    last = {
      residentMemory: rss,
      heapUsed,
      heapCommitted: heapTotal,
      external,
      cpuLoad: (user + system) / 1000 / elapsed,
      // The histogram counts from one look to the next, and has nothing until the second.
      eventLoopLag: Math.max(0, lag.max / 1e6 - RESOLUTION),
    };
    lag.reset();
    at = now;
    used = process.cpuUsage();
    return last;
  };
  return {
    sample,
    metrics({ free, all }, network) {
      const { cpuLoad, eventLoopLag } = last ?? sample();
      const memory = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      return {
        taskSlotsAvailable: free,
        taskSlotsTotal: all,
        "Status.CPU.Load": cpuLoad,
        "Status.CPU.Time": (user + system) * 1000,
        "Status.EventLoop.Lag": eventLoopLag,
        "Status.Memory.Resident": memory.rss,
        "Status.Memory.Heap.Used": memory.heapUsed,
        "Status.Memory.Heap.Committed": memory.heapTotal,
        "Status.Memory.External": memory.external,
        ...Object.fromEntries(
          Object.entries(network).map(([name, value]) => [`Status.Network.${name}`, value as number]),
        ),
      };
    },
    close: () => lag.disable(),
  };
}
