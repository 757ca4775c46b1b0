/*
 * The exchange between two processes over TCP on this machine, measured as `exchange.bench.ts` measures it between two threads: four threads
 * (two slots, two relays) and the kernel's loopback, where that has two threads and nothing else.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { JobId } from "../packages/millrace/src/common/ids/ids.ts";
import type { ExchangeOrder } from "../packages/millrace/src/runtime/network/tcp/data-network.ts";
import { measure } from "./exchange.bench.ts";
import type { Measurement, Pair } from "./exchange.bench.ts";
import type { Command } from "./exchange-worker.ts";
import type { FromProcess, ToProcess } from "./exchange-process.ts";

const NETWORK_MEMORY = 4 * 1024 * 1024;

/** Measures all cases. */
export async function run(report: (measurement: Measurement) => void): Promise<void> {
  await measure(openPair, "between two processes", report);
}

async function openPair(count: number): Promise<Pair> {
  const names = ["producer", "consumer"] as const;
  const processes = names.map((name) =>
    fork(fileURLToPath(new URL("./exchange-process.ts", import.meta.url)), [name], {
      serialization: "advanced",
    }),
  ) as [ChildProcess, ChildProcess];
  const ports = await Promise.all(
    processes.map(async (child) => {
      const message = await next(child);
      return message.kind === "listening" ? message.port : 0;
    }),
  );
  const order = (here: number): ExchangeOrder => ({
    token: { epoch: 1, jobId: "bench" as JobId, attempt: 1 },
    exchange: "bench",
    secret: "5ec2e7",
    slotCount: 2,
    channels: Array.from({ length: count }, (_, id) => ({ id, producerSlot: 0, consumerSlot: 1 })),
    incoming: [0, count],
    slots: [here],
    networkMemory: NETWORK_MEMORY,
    peers: [
      {
        taskManagerId: names[1 - here] as string,
        host: "127.0.0.1",
        dataPort: ports[1 - here] as number,
        slots: [1 - here],
        networkMemory: NETWORK_MEMORY,
      },
    ],
  });
  await Promise.all(
    processes.map((child, slot) => {
      tell(child, { kind: "open", role: names[slot] as "producer" | "consumer", order: order(slot) });
      return next(child);
    }),
  );
  const [producer, consumer] = processes;
  return {
    async call(command: Command) {
      tell(consumer, { kind: "call", command });
      await next(consumer);
      tell(producer, { kind: "call", command });
      const message = await next(consumer);
      return message.kind === "answer" ? message.value : undefined;
    },
    async end() {
      const gone = processes.map((child) => once(child, "exit"));
      for (const child of processes) child.kill();
      await Promise.all(gone);
    },
  };
}

const tell = (child: ChildProcess, message: ToProcess): void => void child.send(message);

async function next(child: ChildProcess): Promise<FromProcess> {
  const [message] = await once(child, "message");
  return message as FromProcess;
}

if (import.meta.main)
  await run(({ name, unit, value }) => console.log(`${name}: ${value.toFixed(1)} ${unit}`));
