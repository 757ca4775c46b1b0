import { expect, it } from "vitest";
import { ElementKind } from "../../../common/codec/frame-codec.ts";
import type { Barrier } from "../../../protocol/channel-event.ts";
import type { InputChannel } from "../channel.ts";
import { InputGate } from "../input-gate.ts";
import { OutputFlow } from "../record-writer/output-flow.ts";
import type { RingDescriptor } from "../ring/ring-descriptor.ts";
import { openRingNetwork } from "../ring/ring-network.ts";
import type { RingNetwork } from "../ring/ring-network.ts";
import { jsonCodec } from "../testing/json-codec.ts";
import { SlotLoop } from "../testing/slot-loop.ts";
import { TestNetworks, relayBell } from "../testing/tcp-pair.ts";
import type { DataExchange } from "./data-network.ts";

const RECORDS = 6000;
const BETWEEN_BARRIERS = 700;

const barrier = (checkpointId: number): Barrier => ({
  kind: "barrier",
  checkpointId,
  timestamp: 0,
  options: {
    snapshot: "checkpoint",
    mode: "exactly-once",
    alignment: "aligned",
    alignmentTimeout: undefined,
    location: undefined,
    incremental: true,
  },
});

/** A slot on this thread, driven by a loop. */
class LoopSlot {
  readonly network: RingNetwork;
  readonly flow = new OutputFlow();
  /** One slice; whether there is more to do at once. */
  work: () => boolean = () => false;
  readonly #loop: SlotLoop;

  constructor(exchange: DataExchange, slot: number) {
    const port = exchange.bellOf(slot);
    this.network = openRingNetwork(
      exchange.of(slot) as RingDescriptor,
      slot,
      relayBell(port, exchange.relay),
    );
    this.#loop = new SlotLoop(this.network, () => this.work());
    port.on("message", this.#loop.bell);
    port.unref();
    this.flow.listener = {
      onBlockedChange: () => this.#loop.wake(),
      onDrained: () => this.#loop.wake(),
      onFailed: (error) => {
        throw error;
      },
    };
  }

  writer(id: number) {
    return this.network.createWriter(id, jsonCodec, this.flow);
  }

  end(): void {
    this.#loop.end();
    this.network.close();
  }
}

/** Passes on what comes, one element in so many turns. */
function forward(slot: LoopSlot, from: number, to: number, pause: number): void {
  const input = slot.network.createInput(from, 0, 0, jsonCodec);
  const writer = slot.writer(to);
  let turns = 0;
  slot.work = () => {
    if (++turns % pause !== 0) return true;
    const head = slot.flow.blocked ? "none" : input.head();
    if (head === "none") {
      writer.flushIfDrained();
      return false;
    }
    if (head === "event") writer.event(input.takeEvent());
    else if (input.cursor.next() === ElementKind.END) input.release();
    else writer.record(input.cursor.value, input.cursor.timestamp);
    return true;
  };
}

// A dead-lock shows as a test that never ends.
it("aligns at the end of a diamond whose halves share a connection and differ in speed", async () => {
  const networks = await TestNetworks.open(2);
  const [a, b] = networks.openExchange({
    name: "diamond",
    channels: [
      { id: 0, producerSlot: 0, consumerSlot: 1 },
      { id: 1, producerSlot: 0, consumerSlot: 2 },
      { id: 2, producerSlot: 1, consumerSlot: 3 },
      { id: 3, producerSlot: 2, consumerSlot: 3 },
    ],
    slots: [
      [0, 3],
      [1, 2],
    ],
    networkMemory: 2 * 4096,
  }) as [DataExchange, DataExchange];
  const [source, left, right, sink] = [
    new LoopSlot(a, 0),
    new LoopSlot(b, 1),
    new LoopSlot(b, 2),
    new LoopSlot(a, 3),
  ];
  const outputs = [0, 1].map((id) => source.writer(id));
  let sent = 0;
  let ended = false;
  source.work = () => {
    while (sent < RECORDS && !source.flow.blocked) {
      for (const output of outputs) output.record({ n: sent, text: "some text" }, sent);
      sent++;
      if (sent % BETWEEN_BARRIERS === 0)
        for (const output of outputs) output.event(barrier(sent / BETWEEN_BARRIERS));
    }
    if (sent === RECORDS && !ended && !source.flow.blocked) {
      ended = true;
      for (const output of outputs) output.event({ kind: "endOfPartition" });
    }
    for (const output of outputs) output.flushIfDrained();
    return false;
  };
  forward(left, 0, 2, 1);
  forward(right, 1, 3, 3);

  const inputs = [2, 3].map((id, index) => sink.network.createInput(id, index, 0, jsonCodec));
  const gate = new InputGate(inputs);
  const counts = [0, 0];
  const aligned: number[][] = [];
  let waiting = 0;
  let open = inputs.length;
  const done = Promise.withResolvers<void>();
  const takeEvent = (input: InputChannel): void => {
    const event = input.takeEvent();
    if (event.kind === "endOfPartition") {
      if (--open === 0) done.resolve();
    } else if (++waiting === 2) {
      waiting = 0;
      aligned.push([...counts]);
      gate.unblockAll();
    } else {
      gate.block(input);
    }
  };
  sink.work = () => {
    const input = gate.next();
    if (input === undefined) return false;
    if (input.head() === "event") {
      takeEvent(input);
    } else {
      while (input.cursor.next() !== ElementKind.END) counts[input.index]!++;
      input.release();
    }
    gate.again(input);
    return gate.readable;
  };
  try {
    await done.promise;
    expect(counts).toEqual([RECORDS, RECORDS]);
    expect(aligned).toEqual(
      Array.from({ length: Math.floor(RECORDS / BETWEEN_BARRIERS) }, (_, i) => [
        (i + 1) * BETWEEN_BARRIERS,
        (i + 1) * BETWEEN_BARRIERS,
      ]),
    );
    expect(networks.networks[0]!.metrics()).toMatchObject({ outgoing: 1, incoming: 1 });
  } finally {
    for (const slot of [source, left, right, sink]) slot.end();
    await networks.close();
  }
});
