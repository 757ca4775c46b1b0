/*
 * The exchange alone, between two worker threads over the shared-memory ring: records a second with encode and decode, and the time
 * one record takes from one sleeping thread to the other. Run it: `npx node bench/exchange.bench.ts` (or `run(report)` from a suite).
 * Nothing is asserted: machines differ.
 */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { seededRandom } from "../packages/millrace/src/common/clock/random.ts";
import { createFrameCodec } from "../packages/millrace/src/common/codec/create-frame-codec.ts";
import { ElementKind } from "../packages/millrace/src/common/codec/frame-codec.ts";
import type { FrameCodec } from "../packages/millrace/src/common/codec/frame-codec.ts";
import { Types } from "../packages/millrace/src/common/types/types.ts";
import type { TypeOf } from "../packages/millrace/src/common/types/type-info.ts";
import { planRings } from "../packages/millrace/src/runtime/network/ring/plan-rings.ts";
import { ringsOfSlot } from "../packages/millrace/src/runtime/network/ring/ring-descriptor.ts";
import type { RingDescriptor } from "../packages/millrace/src/runtime/network/ring/ring-descriptor.ts";
import { openRingNetwork } from "../packages/millrace/src/runtime/network/ring/ring-network.ts";
import { OutputFlow } from "../packages/millrace/src/runtime/network/record-writer/output-flow.ts";
import { InputGate } from "../packages/millrace/src/runtime/network/input-gate.ts";
import { SlotLoop } from "../packages/millrace/src/runtime/network/testing/slot-loop.ts";

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
/** Records between two looks at flow and clock. */
const BATCH = 256;
/** ms of a slice. */
const SLICE = 1;

const bidType = Types.object({
  auction: Types.int,
  bidder: Types.int,
  price: Types.int,
  channel: Types.string,
  url: Types.string,
  dateTime: Types.timestamp,
  extra: Types.string,
});
type Bid = TypeOf<typeof bidType>;

interface Setup {
  readonly role: "producer" | "consumer";
  readonly rings: RingDescriptor;
  readonly channels: number;
  readonly bell: MessagePort;
}
type Command =
  | { readonly kind: "throughput"; readonly records: number }
  | { readonly kind: "pings"; readonly count: number };

/** Measures all cases. */
export async function run(report: (measurement: Measurement) => void): Promise<void> {
  for (const channels of [1, 4, 16, 64]) {
    const pair = openPair(channels);
    const speeds: number[] = [];
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      const seconds = await pair.call({ kind: "throughput", records: RECORDS });
      if (round > 0) speeds.push(RECORDS / (seconds as number) / 1e6);
    }
    speeds.sort((a, b) => a - b);
    report({
      name: `Bids to ${channels} channel(s) in turn`,
      unit: "M records/s",
      value: speeds[ROUNDS >> 1]!,
    });
    if (channels === 1) {
      const micros = ((await pair.call({ kind: "pings", count: PINGS })) as number[]).sort((a, b) => a - b);
      const at = (share: number): number => micros[Math.floor(share * micros.length)]!;
      report({ name: "one Bid from sleep to sleep, p50", unit: "us", value: at(0.5) });
      report({ name: "one Bid from sleep to sleep, p99", unit: "us", value: at(0.99) });
    }
    await pair.end();
  }
}

function openPair(channels: number) {
  const rings = planRings({
    slots: 2,
    attempt: 1,
    channels: Array.from({ length: channels }, (_, id) => ({ id, producerSlot: 0, consumerSlot: 1 })),
  });
  const { port1, port2 } = new MessageChannel();
  const open = (role: Setup["role"], slot: number, bell: MessagePort): Worker =>
    new Worker(fileURLToPath(import.meta.url), {
      workerData: { role, rings: ringsOfSlot(rings, slot), channels, bell } satisfies Setup,
      transferList: [bell],
    });
  const producer = open("producer", 0, port1);
  const consumer = open("consumer", 1, port2);
  return {
    /** The consumer is told first, and answers when it knows, and again when everything has arrived. */
    async call(command: Command): Promise<unknown> {
      consumer.postMessage(command);
      await once(consumer, "message");
      producer.postMessage(command);
      const [answer] = await once(consumer, "message");
      return answer;
    },
    end: () => Promise.all([producer.terminate(), consumer.terminate()]),
  };
}

function produce({ rings, channels, bell }: Setup, port: MessagePort): void {
  const network = openRingNetwork(rings, 0, () => bell.postMessage(0));
  const flow = new OutputFlow();
  const codec: FrameCodec<unknown> = createFrameCodec(bidType as never, { unique: "bench/exchange" });
  const writers = Array.from({ length: channels }, (_, id) => network.createWriter(id, codec, flow));
  const bids = makeBids(10_000);
  let left = 0;
  let pings = 0;
  let next = 0;
  let channel = 0;
  const loop = new SlotLoop(network, () => {
    const deadline = performance.now() + SLICE;
    while (left > 0 && !flow.blocked) {
      for (let batch = Math.min(BATCH, left); batch > 0 && !flow.blocked; batch--, left--) {
        const bid = bids[next]!;
        next = next + 1 === bids.length ? 0 : next + 1;
        writers[channel]!.record(bid, bid.dateTime);
        channel = channel + 1 === channels ? 0 : channel + 1;
      }
      if (performance.now() >= deadline) return true;
      network.poll();
    }
    for (const writer of writers) writer.flushIfDrained();
    return false;
  });
  flow.listener = {
    onBlockedChange: () => loop.wake(),
    onDrained: () => loop.wake(),
    onFailed: (error) => {
      throw error;
    },
  };
  bell.on("message", loop.bell);
  const ping = (): void => {
    if (pings-- === 0) return;
    writers[0]!.record({ ...bids[0]!, dateTime: nanoseconds() }, 0);
    loop.wake();
    setTimeout(ping, 1);
  };
  port.on("message", (command: Command) => {
    if (command.kind === "throughput") left = command.records;
    else {
      pings = command.count;
      setTimeout(ping, 50);
    }
    loop.wake();
  });
}

function consume({ rings, channels, bell }: Setup, port: MessagePort): void {
  const network = openRingNetwork(rings, 1, () => bell.postMessage(0));
  const codec: FrameCodec<unknown> = createFrameCodec(bidType as never, { unique: "bench/exchange" });
  const gate = new InputGate(
    Array.from({ length: channels }, (_, id) => network.createInput(id, id, 0, codec)),
  );
  let expected = 0;
  let seen = 0;
  let since = 0;
  let sum = 0;
  let micros: number[] | undefined;
  const loop = new SlotLoop(network, () => {
    const deadline = performance.now() + SLICE;
    for (let input = gate.next(); input !== undefined; input = gate.next()) {
      const { cursor } = input;
      while (cursor.next() !== ElementKind.END) {
        const bid = cursor.value as Bid;
        sum += bid.price + bid.url.length;
        seen++;
        if (micros !== undefined) micros.push((nanoseconds() - bid.dateTime) / 1000);
      }
      input.release();
      gate.again(input);
      network.poll();
      if (performance.now() >= deadline) return true;
    }
    if (expected > 0 && seen === expected) {
      port.postMessage(micros ?? (performance.now() - since) / 1000);
      expected = 0;
    }
    return false;
  });
  bell.on("message", loop.bell);
  port.on("message", (command: Command) => {
    seen = 0;
    since = performance.now();
    micros = command.kind === "pings" ? [] : undefined;
    expected = command.kind === "pings" ? command.count : command.records;
    port.postMessage("ready");
  });
  process.on("exit", () => sum);
}

/** The machine's monotonic clock, which all threads share; fractions of a microsecond survive in a double. */
function nanoseconds(): number {
  return Number(process.hrtime.bigint());
}

/** Bids of about 150 bytes; each has strings of its own. */
function makeBids(count: number): Bid[] {
  const random = seededRandom(1);
  const int = (limit: number): number => Math.floor(random.next() * limit);
  return Array.from({ length: count }, (_, i) => ({
    auction: 1000 + int(100_000),
    bidder: 1000 + int(100_000),
    price: int(10_000_000),
    channel: `channel-${int(10_000)}`,
    url: `https://www.nexmark.com/a/b/c/item.htm?query=1&channel_id=${int(10_000)}`,
    dateTime: 1_700_000_000_000 + i,
    extra: "abcdefghijklmnopqrstuvwxyz".slice(int(20)),
  }));
}

if (isMainThread) {
  if (import.meta.main) {
    await run(({ name, unit, value }) => console.log(`${name}: ${value.toFixed(1)} ${unit}`));
  }
} else if (parentPort !== null && (workerData as Setup | null)?.rings !== undefined) {
  const setup = workerData as Setup;
  (setup.role === "producer" ? produce : consume)(setup, parentPort);
}
