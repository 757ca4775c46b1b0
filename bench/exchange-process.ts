/*
 * One of two processes of the exchange's benchmark over TCP: a data network on the main thread, one slot in a worker. Told by its parent.
 */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { SystemClock } from "../packages/millrace/src/common/clock/system-clock.ts";
import type { ExchangeOrder } from "../packages/millrace/src/runtime/network/tcp/data-network.ts";
import { openDataNetwork } from "../packages/millrace/src/runtime/network/tcp/open-data-network.ts";
import type { RingDescriptor } from "../packages/millrace/src/runtime/network/ring/ring-descriptor.ts";
import type { Command, Setup } from "./exchange-worker.ts";

/** From the parent. */
export type ToProcess =
  | { readonly kind: "open"; readonly role: Setup["role"]; readonly order: ExchangeOrder }
  | { readonly kind: "call"; readonly command: Command };

/** To the parent. */
export type FromProcess =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "opened" }
  | { readonly kind: "answer"; readonly value: unknown };

const say = (message: FromProcess): void => void process.send?.(message);
const network = await openDataNetwork({
  taskManagerId: process.argv[2] as string,
  host: "127.0.0.1",
  port: 0,
  clock: new SystemClock(),
  log: (line) => console.error(line),
});
let worker: Worker | undefined;

process.on("message", (message: ToProcess) => {
  if (message.kind === "call") {
    worker?.postMessage(message.command);
    return;
  }
  const { role, order } = message;
  const exchange = network.openExchange(order);
  const [slot] = order.slots as [number];
  const bell = exchange.bellOf(slot);
  worker = new Worker(fileURLToPath(new URL("./exchange-worker.ts", import.meta.url)), {
    workerData: {
      role,
      rings: exchange.of(slot) as RingDescriptor,
      channels: order.channels.length,
      bell,
    } satisfies Setup,
    transferList: [bell],
  });
  worker.on("message", (value) => say({ kind: "answer", value }));
  worker.once("online", () => say({ kind: "opened" }));
});
say({ kind: "listening", port: network.port });
