import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { seededRandom } from "../../../common/clock/random.ts";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import { createFrameCodec } from "../../../common/codec/create-frame-codec.ts";
import { ElementKind } from "../../../common/codec/frame-codec.ts";
import type { FrameCodec } from "../../../common/codec/frame-codec.ts";
import { Types } from "../../../common/types/types.ts";
import type { Barrier } from "../../../protocol/channel-event.ts";
import type { ChannelWriter, InputChannel } from "../channel.ts";
import type { InFlightSink } from "../in-flight-sink.ts";
import { InputGate } from "../input-gate.ts";
import { OutputFlow } from "../record-writer/output-flow.ts";
import type { RingDescriptor } from "../ring/ring-descriptor.ts";
import { openRingNetwork } from "../ring/ring-network.ts";
import { SlotLoop } from "./slot-loop.ts";

/*
 * A thread that sends numbered records to another one, and checks those it gets from it, with pauses at random on both sides. A
 * lost wake-up shows as a thread that never answers. Now and then a barrier overtakes, and the other side captures what stands in front.
 */

export interface StressSetup {
  readonly rings: RingDescriptor;
  readonly slot: number;
  readonly seed: number;
  /** Records that each side sends. */
  readonly records: number;
  readonly bell: MessagePort;
}

export interface StressResult {
  /** Records received by channel. */
  readonly received: readonly number[];
  readonly events: number;
  /** The first thing that was wrong. */
  readonly wrong: string | undefined;
  /** The most bytes that waited at one writer. */
  readonly backlog: number;
  /** How often the slot has slept. */
  readonly sleeps: number;
  /** Barriers sent. */
  readonly overtakes: readonly Overtake[];
  /** Barriers found whose captures were whole. */
  readonly captures: readonly Capture[];
}

/** One barrier, as its producer knows it. */
export interface Overtake {
  readonly channel: number;
  readonly checkpointId: number;
  /** Records written before it, and those of them that it overtook on that side. */
  readonly sent: number;
  readonly unsent: number;
}

/** One barrier, as its consumer found it: behind how many records. */
export interface Capture {
  readonly channel: number;
  readonly checkpointId: number;
  readonly inFront: number;
}

interface Numbered {
  readonly n: number;
  readonly text: string;
}
const type = Types.object({ n: Types.int, text: Types.string });
const codec: FrameCodec<unknown> = createFrameCodec<unknown>(type as never, { unique: "stress" });
/** Most chances are small, so that threads sleep and wake often, and now and then a channel fills up. */
const BURSTS = [1, 1, 3, 20, 300, 5000];
const READS = [1, 10, 200, 4000];
const PAUSES = [0, 0, 1, 2];

/** Counts the numbers on a barrier's way, and sees that none is missing. */
class Numbers implements InFlightSink {
  count = 0;
  ended = false;
  wrong: string | undefined;
  #next: number | undefined;

  /** @param first the first number; undefined: any */
  constructor(first: number | undefined) {
    this.#next = first;
  }

  /** The number behind the last. */
  get next(): number | undefined {
    return this.#next;
  }

  block(bytes: Uint8Array, start: number, end: number, elements: number, skip: number): void {
    const decoder = codec.createDecoder();
    decoder.reset(Buffer.from(bytes.subarray(start, end)), 0, end - start);
    for (let i = 0; i < elements; i++) {
      decoder.next();
      if (i >= skip) this.record(decoder.value);
    }
  }

  record(value: unknown): void {
    const { n } = value as Numbered;
    if (this.ended) this.wrong ??= `${n} after the end`;
    if (n !== (this.#next ?? n)) this.wrong ??= `captured ${n} instead of ${this.#next}`;
    this.#next = n + 1;
    this.count++;
  }

  watermark(): void {
    this.wrong ??= "a watermark";
  }

  since(): void {}

  end(): void {
    this.ended = true;
  }
}

class Producer {
  readonly #writers: readonly ChannelWriter[];
  readonly #sent: number[];
  readonly #flow: OutputFlow;
  readonly #pick: Pick;
  #left: number;
  #ended = false;
  #checkpointId = 0;
  backlog = 0;
  readonly overtakes: Overtake[] = [];
  wrong: string | undefined;

  constructor(writers: readonly ChannelWriter[], flow: OutputFlow, records: number, pick: Pick) {
    this.#writers = writers;
    this.#sent = writers.map(() => 0);
    this.#flow = flow;
    this.#left = records;
    this.#pick = pick;
  }

  get done(): boolean {
    return this.#ended && this.#writers.every((writer) => writer.flush());
  }

  burst(): void {
    for (let count = this.#pick(BURSTS); count > 0 && this.#left > 0 && !this.#flow.blocked; count--)
      this.#send();
    if (this.#left === 0 && !this.#ended && !this.#flow.blocked) {
      this.#ended = true;
      for (const writer of this.#writers) writer.event({ kind: "endOfPartition" });
    }
  }

  /** Lets a barrier overtake in one channel, credit or not. */
  overtake(): void {
    if (this.#ended) return;
    const channel = this.#pick(this.#writers.map((_, index) => index));
    const unsent = new Numbers(undefined);
    const checkpointId = ++this.#checkpointId;
    (this.#writers[channel] as ChannelWriter).overtake(barrier(checkpointId), unsent);
    const sent = this.#sent[channel] as number;
    if ((unsent.next ?? sent) !== sent) this.wrong ??= `overtook up to ${unsent.next} of ${sent}`;
    this.wrong ??= unsent.wrong;
    this.overtakes.push({ channel, checkpointId, sent, unsent: unsent.count });
  }

  /** Nothing more to do for now. */
  idle(): void {
    for (const writer of this.#writers) writer.flushIfDrained();
  }

  #send(): void {
    const channel = this.#pick(this.#writers.map((_, index) => index));
    const writer = this.#writers[channel] as ChannelWriter;
    const n = this.#sent[channel] as number;
    this.#sent[channel] = n + 1;
    const length = n % 5000 === 4999 ? 50_000 : n % 40;
    writer.record({ n, text: "x".repeat(length) } satisfies Numbered, n);
    if (n % 997 === 0) writer.event({ kind: n % 2 === 0 ? "idle" : "active" });
    this.backlog = Math.max(this.backlog, writer.backlog);
    this.#left--;
  }
}

class Consumer {
  readonly received: number[];
  events = 0;
  wrong: string | undefined;
  readonly captures: Capture[] = [];
  readonly #capturing: (
    | { readonly from: number; readonly sink: Numbers; readonly checkpointId: number }
    | undefined
  )[];
  readonly #gate: InputGate;
  readonly #pick: Pick;
  #open: number;

  constructor(inputs: readonly InputChannel[], pick: Pick) {
    this.received = inputs.map(() => 0);
    this.#capturing = inputs.map(() => undefined);
    for (const input of inputs) input.onOvertaken = ({ checkpointId }) => this.#capture(input, checkpointId);
    this.#gate = new InputGate(inputs);
    this.#open = inputs.length;
    this.#pick = pick;
  }

  get done(): boolean {
    return this.#open === 0;
  }

  /** Whether there is more. */
  read(): boolean {
    const input = this.#gate.next();
    if (input === undefined) return false;
    if (input.head() === "data") this.#data(input);
    else this.#event(input);
    this.#gate.again(input);
    return this.#gate.readable;
  }

  #event(input: InputChannel): void {
    const event = input.takeEvent();
    if (event.kind === "endOfPartition") this.#open--;
    else if (event.kind === "barrier") this.#barrier(input, event);
    else this.events++;
  }

  /** Out of line: at once, wherever the reader stands. */
  #capture(input: InputChannel, checkpointId: number): void {
    const from = this.received[input.index] as number;
    const sink = new Numbers(from);
    this.#capturing[input.index] = { from, sink, checkpointId };
    input.capture(checkpointId, sink);
  }

  /** In line: what was captured is what has been read since. */
  #barrier(input: InputChannel, { checkpointId }: Barrier): void {
    const capture = this.#capturing[input.index];
    // A newer one was told of already.
    if (capture === undefined || checkpointId < capture.checkpointId) return;
    const inFront = this.received[input.index] as number;
    const { from, sink } = capture;
    this.wrong ??= sink.wrong;
    if (!sink.ended) this.wrong ??= `channel ${input.index}: the barrier is there and the capture goes on`;
    if (from + sink.count !== inFront || checkpointId !== capture.checkpointId)
      this.wrong ??= `channel ${input.index}: ${from} + ${sink.count} captured in front of ${inFront}`;
    this.captures.push({ channel: input.index, checkpointId, inFront });
  }

  #data(input: InputChannel): void {
    for (let left = this.#pick(READS); left > 0; left--) {
      if (input.cursor.next() === ElementKind.END) {
        input.release();
        return;
      }
      const { n } = input.cursor.value as Numbered;
      const expected = this.received[input.index] as number;
      if (n !== expected || input.cursor.timestamp !== n)
        this.wrong ??= `channel ${input.index}: ${n} instead of ${expected}`;
      this.received[input.index] = expected + 1;
    }
  }
}

const barrier = (checkpointId: number): Barrier => ({
  kind: "barrier",
  checkpointId,
  timestamp: 0,
  options: {
    snapshot: "checkpoint",
    mode: "exactly-once",
    alignment: "unaligned",
    alignmentTimeout: undefined,
    location: undefined,
    incremental: true,
  },
});

type Pick = <T>(from: readonly T[]) => T;

function main({ rings, slot, seed, records, bell }: StressSetup, port: MessagePort): void {
  const clock = new SystemClock();
  const random = seededRandom(seed + slot);
  const pick: Pick = (from) => from[Math.floor(random.next() * from.length)] as (typeof from)[number];
  const network = openRingNetwork(rings, slot, () => bell.postMessage(undefined));
  const flow = new OutputFlow();
  const out = rings.channels.filter((channel) => channel.producerSlot === slot);
  const into = rings.channels.filter((channel) => channel.consumerSlot === slot);
  const producer = new Producer(
    out.map(({ id }) => network.createWriter(id, codec, flow)),
    flow,
    records,
    pick,
  );
  const consumer = new Consumer(
    into.map(({ id }, index) => network.createInput(id, index, 0, codec)),
    pick,
  );
  let sleeps = 0;
  let producing = true;
  let reading = true;
  let answered = false;
  const pause = (resume: () => void): void => {
    clock.schedule(pick(PAUSES), () => {
      resume();
      loop.wake();
    });
  };
  const loop = new SlotLoop(network, () => {
    if (producing) producer.burst();
    if (random.next() < 0.25) producer.overtake();
    if (producing && random.next() < 0.05) {
      producing = false;
      pause(() => (producing = true));
    }
    let more = reading && consumer.read();
    if (reading && random.next() < 0.05) {
      reading = false;
      pause(() => (reading = true));
      more = false;
    }
    if (more || (producing && !flow.blocked && !producer.done)) return true;
    producer.idle();
    sleeps++;
    if (consumer.done && producer.done && !answered) {
      answered = true;
      const { received, events, captures } = consumer;
      const { backlog, overtakes } = producer;
      const wrong = consumer.wrong ?? producer.wrong;
      port.postMessage({
        received,
        events,
        wrong,
        backlog,
        sleeps,
        overtakes,
        captures,
      } satisfies StressResult);
    }
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
}

if (parentPort !== null) main(workerData as StressSetup, parentPort);
