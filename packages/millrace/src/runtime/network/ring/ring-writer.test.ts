import { describe, expect, it } from "vitest";
import { createFrameCodec } from "../../../common/codec/create-frame-codec.ts";
import type { FrameCodec } from "../../../common/codec/frame-codec.ts";
import { Types } from "../../../common/types/types.ts";
import { ReaderEnd, RigSlot, ToldListener } from "../testing/channel-ends.ts";
import type { Item } from "../testing/channel-rig.ts";
import { jsonCodec } from "../testing/json-codec.ts";
import { ProducerWords } from "./channel-words.ts";
import { IndexRingProducer } from "./index-ring.ts";
import { planRings } from "./plan-rings.ts";
import { openRingNetwork } from "./ring-network.ts";
import { RingSender } from "./ring-sender.ts";
import { RingWriter } from "./ring-writer.ts";
import { SlotWords } from "./slot-words.ts";

const plan = (frames = 2) =>
  planRings({
    slots: 2,
    attempt: 1,
    poolBytes: frames * 4096,
    channels: [{ id: 7, producerSlot: 0, consumerSlot: 1 }],
  });

/** A writer and a reader on one thread; nobody polls the writer's slot unless the test does. */
function open(options: { codec?: FrameCodec<unknown>; maxRecordBytes?: number; frames?: number } = {}) {
  const rings = plan(options.frames);
  const codec = options.codec ?? jsonCodec;
  const listener = new ToldListener();
  const limit = options.maxRecordBytes === undefined ? {} : { maxRecordBytes: options.maxRecordBytes };
  const producer = openRingNetwork(rings, 0, () => undefined, limit);
  const consumer = openRingNetwork(rings, 1, () => undefined, limit);
  const writer = producer.createWriter(7, codec, listener);
  const reader = new ReaderEnd(new RigSlot(consumer), consumer.createInput(7, 0, 0, codec));
  return { producer, consumer, writer, reader, listener };
}

const values = (items: readonly Item[]): unknown[] =>
  items.map((item) => ("record" in item ? item.record : item));

describe("RingWriter", () => {
  it("refuses a record that is too large at once, says how large, and goes on with the next", async () => {
    const { writer, reader } = open({ maxRecordBytes: 20_000 });
    writer.record("before", 0);
    expect(() => writer.record("x".repeat(30_000), 1)).toThrow(
      "expected records of at most 20000 bytes, got one of 30015 bytes",
    );
    writer.record("after", 2);
    expect(writer.flush()).toBe(true);
    expect(values(await reader.read())).toEqual(["before", "after"]);
  });

  it("stays in order when a record does not fit its type", async () => {
    const codec = createFrameCodec<unknown>(Types.object({ n: Types.int }) as never, {
      unique: "ring-writer-test",
    });
    const { writer, reader } = open({ codec });
    writer.record({ n: 1 }, 1);
    expect(() => writer.record({ n: "two" }, 2)).toThrow(/\bn\b/u);
    writer.record({ n: 3 }, 3);
    writer.flush();
    expect(values(await reader.read())).toEqual([{ n: 1 }, { n: 3 }]);

    const first = open({ codec });
    expect(() => first.writer.record({ n: "one" }, 2)).toThrow(/\bn\b/u);
    first.writer.record({ n: 2 }, 3);
    expect(first.writer.flush()).toBe(true);
    expect(values(await first.reader.read())).toEqual([{ n: 2 }]);
  });

  it("sends what was spilled before an orderly close, as the reader makes room", async () => {
    const { producer, writer, reader } = open();
    const sent = Array.from({ length: 40 }, (_, n) => `${n}`.padEnd(1000));
    for (const value of sent) writer.record(value, 0);
    writer.event({ kind: "endOfPartition" });
    writer.close();
    const got: Item[] = [];
    while (got.length < sent.length + 1) {
      const more = await reader.read();
      expect(more).not.toEqual([]);
      got.push(...more);
      producer.poll();
    }
    expect(values(got)).toEqual([...sent, { event: { kind: "endOfPartition" } }]);
  });

  it("takes any number of events while nobody reads, and sends no data past them", async () => {
    const { producer, writer, reader } = open();
    const kinds = Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? "idle" : "active"));
    for (const kind of kinds) writer.event({ kind: kind as "idle" });
    writer.record("behind", 0);
    expect(writer.blocked).toBe(true);
    const got: Item[] = [];
    while (got.length < kinds.length) {
      got.push(...(await reader.read()));
      producer.poll();
    }
    expect(writer.flush()).toBe(true);
    got.push(...(await reader.read()));
    expect(got.map((item) => ("event" in item ? item.event.kind : values([item])[0]))).toEqual([
      ...kinds,
      "behind",
    ]);
  });

  it("fragments events that are longer than an event slot", async () => {
    const { writer, reader } = open();
    const marker = { kind: "latencyMarker", sourceUid: "u".repeat(300), subtask: 3, sentAt: 5 } as const;
    writer.event(marker);
    expect(await reader.read()).toEqual([{ event: marker }]);
  });

  it("keeps counting bytes that wait, and has none when all is sent", async () => {
    const { producer, writer, reader } = open();
    expect(writer.backlog).toBe(0);
    writer.record("x".repeat(100), 0);
    expect(writer.backlog).toBe(115);
    for (let n = 0; n < 20; n++) writer.record("x".repeat(1000), 0);
    expect(writer.backlog).toBeGreaterThan(10_000);
    for (let n = 0; n < 20; n++) {
      await reader.read();
      producer.poll();
      writer.flush();
    }
    expect(writer.backlog).toBe(0);
  });

  it("may not be used after it was closed", () => {
    const { writer } = open();
    writer.event({ kind: "endOfPartition" });
    writer.close();
    expect(() => writer.record(1, 1)).toThrow(/used after it was closed/u);
  });
});

/** Lets the reader work at the worst moment: after the writer has looked at the credit, before its request can be seen. */
class RacingWords extends ProducerWords {
  race: (() => void) | undefined;

  override arm(dataTarget: number, eventTarget: number): void {
    const { race } = this;
    this.race = undefined;
    race?.();
    super.arm(dataTarget, eventTarget);
  }
}

describe("RingWriter in a race with its reader", () => {
  function openRacing() {
    const rings = plan();
    const slots = new SlotWords(rings.words, () => undefined);
    const channel = rings.channels[0]!;
    const words = new RacingWords(rings.words, channel, slots);
    const sender = new RingSender({
      channel,
      attempt: 1,
      pool: Buffer.from(rings.pools[1]!),
      words,
      ring: new IndexRingProducer(rings.words, rings.links[0]!),
      slots,
    });
    const listener = new ToldListener();
    const waiting = new Set<RingWriter>();
    const writer = new RingWriter({
      id: 7,
      sender,
      encoder: jsonCodec.createEncoder(),
      listener,
      maxRecordBytes: 1 << 20,
      onWaiting: (waiter, waits) => void (waits ? waiting.add(waiter) : waiting.delete(waiter)),
    });
    const consumer = openRingNetwork(rings, 1, () => undefined);
    const reader = new ReaderEnd(new RigSlot(consumer), consumer.createInput(7, 0, 0, jsonCodec));
    return { writer, words, reader, listener, waiting, slots };
  }

  it("is not blocked when the reader makes room while it asks to be told", () => {
    const { writer, words, reader, listener, waiting, slots } = openRacing();
    words.race = () => void reader.read();
    for (let n = 0; n < 9; n++) writer.record("x".repeat(900), n);
    expect(words.race).toBe(undefined);
    expect([writer.blocked, listener.take(), waiting.size, slots.hasSignal(0)]).toEqual([
      false,
      [],
      0,
      false,
    ]);
  });

  it("sends the rest at once when the reader has drained the channel while it asks to be told", async () => {
    const { writer, words, reader, waiting } = openRacing();
    writer.record("first", 0);
    writer.flush();
    writer.record("second", 1);
    words.race = () => void reader.read();
    expect(writer.flushIfDrained()).toBe(true);
    expect([writer.backlog, waiting.size]).toEqual([0, 0]);
    expect(values(await reader.read())).toEqual(["second"]);
  });

  it("tells that there is room again, even within a flush", async () => {
    const { writer, words, reader, listener, slots } = openRacing();
    for (let n = 0; !writer.blocked; n++) writer.record("x".repeat(900), n);
    expect(listener.take()).toEqual(["blocked"]);
    words.race = () => void reader.read();
    expect(writer.flushIfDrained()).toBe(true);
    expect([writer.blocked, listener.take(), slots.hasSignal(0)]).toEqual([false, ["unblocked"], true]);
    expect(await reader.read()).toHaveLength(1);
  });

  it("sends a spilled event when the reader takes one while it asks to be told", async () => {
    const { writer, words, reader, waiting } = openRacing();
    for (let n = 0; n < 4; n++) writer.event({ kind: "idle" });
    words.race = () => void reader.read();
    writer.event({ kind: "active" });
    expect([writer.backlog, writer.blocked, waiting.size]).toEqual([0, false, 0]);
    expect(await reader.read()).toEqual([{ event: { kind: "active" } }]);
  });
});
