/*
 * The threads of the exchange's benchmarks: one that encodes and sends Bids, one that decodes and counts them.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { seededRandom } from "../packages/millrace/src/common/clock/random.ts";
import { createFrameCodec } from "../packages/millrace/src/common/codec/create-frame-codec.ts";
import { ElementKind } from "../packages/millrace/src/common/codec/frame-codec.ts";
import type { FrameCodec } from "../packages/millrace/src/common/codec/frame-codec.ts";
import type { RingDescriptor } from "../packages/millrace/src/runtime/network/ring/ring-descriptor.ts";
import { openRingNetwork } from "../packages/millrace/src/runtime/network/ring/ring-network.ts";
import { OutputFlow } from "../packages/millrace/src/runtime/network/record-writer/output-flow.ts";
import { InputGate } from "../packages/millrace/src/runtime/network/input-gate.ts";
import { SlotLoop } from "../packages/millrace/src/runtime/network/testing/slot-loop.ts";
import { Types } from "../packages/millrace/src/common/types/types.ts";
import { bidType } from "./bid-type.ts";
import type { Bid } from "./bid-type.ts";

/** Records between two looks at flow and clock. */
const BATCH = 256;
/** ms of a slice. */
const SLICE = 1;

/** What a thread is started with. The producer is slot 0, the consumer slot 1. */
export interface Setup {
  readonly role: "producer" | "consumer";
  readonly rings: RingDescriptor;
  readonly channels: number;
  /** To whom this slot shares rings with. */
  readonly bell: MessagePort;
}

/** What it is told. A consumer answers when it knows, and again when everything has arrived: seconds, or microseconds of each ping. */
export type Command =
  | { readonly kind: "throughput"; readonly records: number }
  | { readonly kind: "pings"; readonly count: number };

function produce({ rings, channels, bell }: Setup, port: MessagePort): void {
  const network = openRingNetwork(rings, 0, () => bell.postMessage(0));
  const flow = new OutputFlow();
  const codec: FrameCodec<unknown> = createFrameCodec(bidType(Types) as never, { unique: "bench/exchange" });
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
  const codec: FrameCodec<unknown> = createFrameCodec(bidType(Types) as never, { unique: "bench/exchange" });
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

if (parentPort !== null) {
  const setup = workerData as Setup;
  (setup.role === "producer" ? produce : consume)(setup, parentPort);
}
