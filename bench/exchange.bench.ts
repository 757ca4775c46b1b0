/*
 * The exchange alone, between two worker threads over the shared-memory ring: records a second with encode and decode, and the time
 * one record takes from one sleeping thread to the other. Run it: `npx node bench/exchange.bench.ts` (or `run(report)` from a suite).
 * Nothing is asserted: machines differ.
 */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { planRings } from "../packages/millrace/src/runtime/network/ring/plan-rings.ts";
import { ringsOfSlot } from "../packages/millrace/src/runtime/network/ring/ring-descriptor.ts";
import type { Command, Setup } from "./exchange-worker.ts";

/** One line of a report. */
export interface Measurement {
  readonly name: string;
  readonly unit: "M records/s" | "us";
  /** Median of the rounds for throughput. */
  readonly value: number;
}

const ROUNDS = 5;
const RECORDS = 3_000_000;
const PINGS = 1_000;

/** Two ends of an exchange. */
export interface Pair {
  /** The consumer is told first, and answers when it knows, and again when everything has arrived. */
  call(command: Command): Promise<unknown>;
  end(): Promise<unknown>;
}

/** Measures all cases. */
export async function run(report: (measurement: Measurement) => void): Promise<void> {
  await measure(openPair, "between two threads", report);
}

/** Measures all cases over whatever lies between the two ends. */
export async function measure(
  open: (channels: number) => Pair | Promise<Pair>,
  between: string,
  report: (measurement: Measurement) => void,
): Promise<void> {
  for (const channels of [1, 4, 16, 64]) {
    const pair = await open(channels);
    const speeds: number[] = [];
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      const seconds = await pair.call({ kind: "throughput", records: RECORDS });
      if (round > 0) speeds.push(RECORDS / (seconds as number) / 1e6);
    }
    speeds.sort((a, b) => a - b);
    report({
      name: `Bids ${between}, ${channels} channel(s) in turn`,
      unit: "M records/s",
      value: speeds[ROUNDS >> 1]!,
    });
    if (channels === 1) {
      const micros = ((await pair.call({ kind: "pings", count: PINGS })) as number[]).sort((a, b) => a - b);
      const at = (share: number): number => micros[Math.floor(share * micros.length)]!;
      report({ name: `one Bid ${between}, from sleep to sleep, p50`, unit: "us", value: at(0.5) });
      report({ name: `one Bid ${between}, from sleep to sleep, p99`, unit: "us", value: at(0.99) });
    }
    await pair.end();
  }
}

function openPair(channels: number): Pair {
  const rings = planRings({
    slots: 2,
    attempt: 1,
    channels: Array.from({ length: channels }, (_, id) => ({ id, producerSlot: 0, consumerSlot: 1 })),
  });
  const { port1, port2 } = new MessageChannel();
  const open = (role: Setup["role"], slot: number, bell: MessagePort): Worker =>
    new Worker(fileURLToPath(new URL("./exchange-worker.ts", import.meta.url)), {
      workerData: { role, rings: ringsOfSlot(rings, slot), channels, bell } satisfies Setup,
      transferList: [bell],
    });
  const producer = open("producer", 0, port1);
  const consumer = open("consumer", 1, port2);
  return {
    async call(command) {
      consumer.postMessage(command);
      await once(consumer, "message");
      producer.postMessage(command);
      const [answer] = await once(consumer, "message");
      return answer;
    },
    end: () => Promise.all([producer.terminate(), consumer.terminate()]),
  };
}

if (import.meta.main)
  await run(({ name, unit, value }) => console.log(`${name}: ${value.toFixed(1)} ${unit}`));
