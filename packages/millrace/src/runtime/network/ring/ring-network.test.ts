import { describe, expect, it } from "vitest";
import { ReaderEnd, RigSlot, ToldListener } from "../testing/channel-ends.ts";
import { jsonCodec } from "../testing/json-codec.ts";
import { planRings } from "./plan-rings.ts";
import type { Barrier } from "../../../protocol/channel-event.ts";
import type { ChannelWriter, InputChannel } from "../channel.ts";
import type { InFlightSink } from "../in-flight-sink.ts";
import type { PlannedChannel } from "./plan-rings.ts";
import { ringsOfSlot } from "./ring-descriptor.ts";
import type { RingChannel, RingDescriptor } from "./ring-descriptor.ts";
import { markSlotClosed, openRingNetwork } from "./ring-network.ts";

const FROM_0_TO_1 = [{ id: 7, producerSlot: 0, consumerSlot: 1 }];

function plan(channels: readonly PlannedChannel[] = FROM_0_TO_1, slots = 2): RingDescriptor {
  return planRings({ slots, attempt: 5, poolBytes: 64 * 1024, channels });
}

function openWriter(rings: RingDescriptor, slot = 0, id = 7) {
  const network = openRingNetwork(rings, slot, () => undefined);
  const listener = new ToldListener();
  return { network, listener, writer: network.createWriter(id, jsonCodec, listener) };
}

function openReader(rings: RingDescriptor, slot = 1, id = 7) {
  const network = openRingNetwork(rings, slot, () => undefined);
  return { network, reader: new ReaderEnd(new RigSlot(network), network.createInput(id, 0, 0, jsonCodec)) };
}

const BARRIER: Barrier = {
  kind: "barrier",
  checkpointId: 1,
  timestamp: 0,
  options: {
    snapshot: "checkpoint",
    mode: "exactly-once",
    alignment: "unaligned",
    alignmentTimeout: undefined,
    location: undefined,
    incremental: true,
  },
};
const NO_SINK: InFlightSink = { block() {}, record() {}, watermark() {}, since() {}, end() {} };

/** Where a channel's frames begin in its pool, to damage them. */
function framesOf(rings: RingDescriptor, id = 7): DataView {
  const channel = rings.channels.find((other) => other.id === id)!;
  return new DataView(
    rings.pools[channel.consumerSlot]!,
    channel.frameOffset,
    channel.frames * channel.frameBytes,
  );
}

describe("a ring network", () => {
  it("keeps what arrives before the input is made", async () => {
    const rings = plan();
    const { writer } = openWriter(rings);
    writer.record("early", 1);
    writer.event({ kind: "endOfPartition" });
    writer.close();
    const network = openRingNetwork(rings, 1, () => undefined);
    network.poll();
    network.poll();
    const reader = new ReaderEnd(new RigSlot(network), network.createInput(7, 0, 0, jsonCodec));
    expect(await reader.read()).toEqual([
      { record: "early", timestamp: 1 },
      { event: { kind: "endOfPartition" } },
    ]);
  });

  it("tells an input of a producer that was gone before the input was made", async () => {
    const rings = plan();
    openWriter(rings).writer.close();
    const network = openRingNetwork(rings, 1, () => undefined);
    network.poll();
    const reader = new ReaderEnd(new RigSlot(network), network.createInput(7, 0, 0, jsonCodec));
    expect(await reader.read()).toEqual([{ failed: "CHANNEL_CLOSED" }]);
  });

  it("believes a closed flag only after what was sent before it, however late both come", async () => {
    const rings = plan([
      { id: 1, producerSlot: 0, consumerSlot: 1 },
      { id: 2, producerSlot: 0, consumerSlot: 1 },
    ]);
    const producer = openRingNetwork(rings, 0, () => undefined);
    const [first, second] = [1, 2].map((id) => producer.createWriter(id, jsonCodec, new ToldListener())) as [
      ChannelWriter,
      ChannelWriter,
    ];
    const consumer = openRingNetwork(rings, 1, () => undefined);
    const slot = new RigSlot(consumer);
    const inputs = [1, 2].map((id) => consumer.createInput(id, id - 1, 0, jsonCodec)) as [
      InputChannel,
      InputChannel,
    ];
    const reader = new ReaderEnd(slot, inputs[1]);
    first.event({ kind: "endOfPartition" });
    first.close();
    // The poll has taken its signal and looks at the rings when the second producer ends.
    inputs[0].onReadable = () => {
      second.record("late", 0);
      second.event({ kind: "endOfPartition" });
      second.close();
    };
    expect(await reader.read()).toEqual([
      { record: "late", timestamp: 0 },
      { event: { kind: "endOfPartition" } },
    ]);
    expect(await reader.read()).toEqual([]);
  });

  it("sees a barrier before what was sent after it, however late both come", () => {
    const rings = plan(
      [
        { id: 1, producerSlot: 0, consumerSlot: 1 },
        { id: 2, producerSlot: 2, consumerSlot: 1 },
      ],
      3,
    );
    const first = openWriter(rings, 0, 1).writer;
    const second = openWriter(rings, 2, 2).writer;
    const consumer = openRingNetwork(rings, 1, () => undefined);
    const [other, input] = [1, 2].map((id) => consumer.createInput(id, id - 1, 0, jsonCodec)) as [
      InputChannel,
      InputChannel,
    ];
    const heard: string[] = [];
    input.capture(1, {
      block: () => heard.push("block"),
      record: () => heard.push("record"),
      watermark: () => heard.push("watermark"),
      since: () => heard.push("since"),
      end: () => heard.push("end"),
    });
    first.record("first", 0);
    first.flush();
    // The poll has taken its signal and looks at the rings when the barrier comes, and records behind it.
    other.onReadable = () => {
      second.overtake(BARRIER, NO_SINK);
      second.record("late", 0);
      second.flush();
    };
    consumer.poll();
    expect(heard).toEqual(["end"]);
    expect(input.head()).toBe("event");
    expect(input.takeEvent()).toEqual(BARRIER);
    expect(input.head()).toBe("data");
  });

  it("drops barriers of another attempt", async () => {
    const rings = plan();
    const stale = openWriter({ ...rings, attempt: 4 });
    const { reader } = openReader(rings);
    stale.writer.overtake(BARRIER, NO_SINK);
    expect(await reader.read()).toEqual([]);
  });

  it("drops frames of another attempt, and gives their room back", async () => {
    const rings = plan();
    const stale = openWriter({ ...rings, attempt: 4 });
    const { reader } = openReader(rings);
    for (let n = 0; n < 100; n++) {
      stale.writer.record(`stale ${n}`, n);
      stale.writer.event({ kind: "idle" });
      expect(await reader.read()).toEqual([]);
      stale.network.poll();
      expect(stale.writer.blocked).toBe(false);
    }
  });

  it("fails both ends when a frame is missing, after what came before it", async () => {
    const rings = plan();
    const { network, writer, listener } = openWriter(rings);
    const { reader } = openReader(rings);
    writer.record("first", 0);
    writer.flush();
    writer.record("second", 1);
    writer.flush();
    const second = rings.channels[0]!.frameBytes;
    framesOf(rings).setUint32(second + 12, 2, true);
    expect(await reader.read()).toEqual([
      { record: "first", timestamp: 0 },
      { failed: "PROTOCOL_VIOLATION" },
    ]);
    network.poll();
    expect(listener.take()).toEqual(["failed CHANNEL_CLOSED"]);
  });

  it("names what came when a frame is damaged", () => {
    const damages: readonly [number, number, RegExp][] = [
      [0, 9, /frame version 1, got version 9/u],
      [1, 2, /channel 7: expected a frame of kind 1, got kind 2/u],
      [4, 8, /channel 7: expected a frame of the channel, got one of channel 8/u],
      [12, 1, /channel 7: expected frame 0, got frame 1: frames are missing/u],
      [19, 1, /at most \d+ bytes in a frame, got \d+ bytes/u],
      [2, 2, /fragment of a larger payload/u],
    ];
    for (const [at, value, message] of damages) {
      const rings = plan();
      const { writer } = openWriter(rings);
      writer.record("first", 0);
      writer.flush();
      framesOf(rings).setUint8(at, value);
      const network = openRingNetwork(rings, 1, () => undefined);
      const input = network.createInput(7, 0, 0, jsonCodec);
      network.poll();
      expect(() => input.head()).toThrow(message);
    }
  });

  it("refuses fragments that do not belong together", async () => {
    // Of three fragments, the second one claims to be: a first one, whole, of another payload.
    for (const damage of [
      (frame: DataView, at: number) => frame.setUint8(at + 2, 1),
      (frame: DataView, at: number) => {
        frame.setUint8(at + 2, 3);
        frame.setUint32(at + 20, frame.getUint32(at + 16, true), true);
      },
      (frame: DataView, at: number) => frame.setUint32(at + 20, 1_000_000, true),
      (frame: DataView, at: number) => frame.setUint8(at + 2, 2),
    ]) {
      const rings = plan();
      const { writer } = openWriter(rings);
      const { reader } = openReader(rings);
      writer.record("x".repeat(2.5 * rings.channels[0]!.frameBytes), 0);
      damage(framesOf(rings), rings.channels[0]!.frameBytes);
      expect(await reader.read()).toEqual([{ failed: "PROTOCOL_VIOLATION" }]);
    }
  });

  it("fails the channels of a slot that is gone, except those that had come to their end", async () => {
    const rings = plan(
      [
        { id: 1, producerSlot: 0, consumerSlot: 1 },
        { id: 2, producerSlot: 0, consumerSlot: 1 },
        { id: 3, producerSlot: 1, consumerSlot: 0 },
        { id: 4, producerSlot: 1, consumerSlot: 2 },
      ],
      3,
    );
    const gone = openRingNetwork(rings, 0, () => undefined);
    const ended = gone.createWriter(1, jsonCodec, new ToldListener());
    const cut = gone.createWriter(2, jsonCodec, new ToldListener());
    const rung: number[] = [];
    const network = openRingNetwork(rings, 1, () => undefined);
    const other = openRingNetwork(rings, 2, () => undefined);
    const slot = new RigSlot(network);
    const readers = [1, 2].map((id) => new ReaderEnd(slot, network.createInput(id, id - 1, 0, jsonCodec)));
    const towards = new ToldListener();
    const unharmed = new ToldListener();
    network.createWriter(3, jsonCodec, towards);
    network.createWriter(4, jsonCodec, unharmed);
    ended.record("whole", 0);
    ended.event({ kind: "endOfPartition" });
    cut.record("sent", 0);
    cut.flush();
    cut.record("lost", 0);
    other.prepareToSleep();
    markSlotClosed(rings, 0, (woken) => rung.push(woken));
    expect(rung).toEqual([1, 2]);
    expect(await readers[0]!.read()).toEqual([
      { record: "whole", timestamp: 0 },
      { event: { kind: "endOfPartition" } },
    ]);
    expect(await readers[1]!.read()).toEqual([
      { record: "sent", timestamp: 0 },
      { failed: "CHANNEL_CLOSED" },
    ]);
    expect(towards.take()).toEqual(["failed CHANNEL_CLOSED"]);
    expect(unharmed.take()).toEqual([]);
  });

  it("closes what is left open when it is closed itself", async () => {
    const rings = plan();
    const { network, writer } = openWriter(rings);
    const { reader } = openReader(rings);
    writer.record("sent", 0);
    writer.flush();
    network.close();
    expect(await reader.read()).toEqual([{ record: "sent", timestamp: 0 }, { failed: "CHANNEL_CLOSED" }]);
  });

  it("rings a bell once for each sleep, and only while a slot sleeps", () => {
    const rings = plan();
    const rung: number[] = [];
    const producer = openRingNetwork(rings, 0, (slot) => rung.push(slot));
    const writer = producer.createWriter(7, jsonCodec, new ToldListener());
    const consumer = openRingNetwork(rings, 1, () => undefined);
    const send = (): void => {
      writer.record(1, 1);
      writer.event({ kind: "idle" });
    };
    send();
    expect(rung).toEqual([]);
    expect(consumer.prepareToSleep()).toBe(false);
    consumer.poll();
    expect(consumer.prepareToSleep()).toBe(true);
    send();
    expect(rung).toEqual([1]);
    consumer.wokeUp();
    consumer.poll();
    expect(consumer.poll()).toBe(false);
    expect(consumer.prepareToSleep()).toBe(true);
    send();
    expect(rung).toEqual([1, 1]);
  });

  it("gives each end of a channel out once, and only to its own slot", () => {
    const rings = plan();
    const { network } = openWriter(rings);
    expect(() => network.createWriter(7, jsonCodec, new ToldListener())).toThrow(/taken already/u);
    expect(() => network.createInput(7, 0, 0, jsonCodec)).toThrow(/channel 7 to slot 0: no such channel/u);
    expect(() => network.createWriter(8, jsonCodec, new ToldListener())).toThrow(/no such channel/u);
  });
});

describe("planRings", () => {
  const shuffle = (slots: number): PlannedChannel[] =>
    Array.from({ length: slots * slots }, (_, id) => ({
      id,
      producerSlot: Math.floor(id / slots),
      consumerSlot: id % slots,
    })).filter(({ producerSlot, consumerSlot }) => producerSlot !== consumerSlot);
  const poolBytes = (rings: RingDescriptor): number =>
    rings.pools.reduce((sum, pool) => sum + (pool?.byteLength ?? 0), 0);

  it("takes memory by slots, not by channels, for shuffles between any number of slots", () => {
    for (const slots of [2, 4, 16, 32]) {
      const rings = planRings({ slots, attempt: 1, channels: shuffle(slots) });
      const events = 512 * (slots - 1);
      expect(poolBytes(rings) / slots).toBeLessThanOrEqual(4 * 1024 * 1024 + events);
    }
  });

  it("makes frames smaller before it makes them fewer", () => {
    const shapeFor = (count: number) => {
      const channels = Array.from({ length: count }, (_, id) => ({ id, producerSlot: 0, consumerSlot: 1 }));
      const [{ frames, frameBytes }] = planRings({ slots: 2, attempt: 1, channels }).channels as [
        RingChannel,
      ];
      return [frames, frameBytes];
    };
    expect(shapeFor(1)).toEqual([8, 32_768]);
    expect(shapeFor(16)).toEqual([8, 32_768]);
    expect(shapeFor(32)).toEqual([4, 32_768]);
    expect(shapeFor(64)).toEqual([4, 16_384]);
    expect(shapeFor(200)).toEqual([5, 4096]);
    expect(shapeFor(400)).toEqual([2, 4096]);
    expect(shapeFor(2000)).toEqual([2, 4096]);
  });

  it("gives every channel memory and words of its own, and index rings room for all credits", () => {
    const channels = shuffle(5).flatMap((channel) => [channel, { ...channel, id: channel.id + 100 }]);
    const rings = planRings({ slots: 5, attempt: 1, channels, poolBytes: 200_000 });
    for (const consumer of [0, 1, 2, 3, 4]) {
      const ranges = rings.channels
        .filter(({ consumerSlot }) => consumerSlot === consumer)
        .flatMap(({ frameOffset, frameBytes, frames, eventOffset, eventBytes, events }) => [
          [frameOffset, frameOffset + frameBytes * frames],
          [eventOffset, eventOffset + eventBytes * events],
        ])
        .sort(([a], [b]) => a! - b!);
      expect(ranges.reduce((end, [from, to]) => (expect(from).toBe(end), to!), 0)).toBe(
        rings.pools[consumer]!.byteLength,
      );
    }
    const words = [
      ...rings.channels.map(({ word }) => [word, word + 32]),
      ...rings.links.map(({ word, capacity }) => [word, word + 16 + capacity]),
    ].sort(([a], [b]) => a! - b!);
    expect(words.reduce((end, [from, to]) => (expect(from).toBe(end), to!), 5 * 32)).toBe(
      rings.words.byteLength / 4,
    );
    for (const link of rings.links) {
      const credits = rings.channels
        .filter(
          ({ producerSlot, consumerSlot }) =>
            producerSlot === link.producerSlot && consumerSlot === link.consumerSlot,
        )
        .reduce((sum, { frames, events }) => sum + frames + events, 0);
      expect(link.capacity).toBeGreaterThanOrEqual(credits);
      expect(Math.log2(link.capacity) % 1).toBe(0);
    }
  });

  it("gives each slot only what it sends and receives", () => {
    const rings = ringsOfSlot(planRings({ slots: 4, attempt: 1, channels: shuffle(4) }), 2);
    expect(rings.channels).toHaveLength(6);
    expect(rings.links).toHaveLength(6);
    expect(
      rings.channels.every(({ producerSlot, consumerSlot }) => producerSlot === 2 || consumerSlot === 2),
    ).toBe(true);
    const chain = planRings({
      slots: 3,
      attempt: 1,
      channels: [
        { id: 0, producerSlot: 0, consumerSlot: 1 },
        { id: 1, producerSlot: 1, consumerSlot: 2 },
      ],
    });
    expect(ringsOfSlot(chain, 0).pools.map((pool) => pool !== undefined)).toEqual([false, true, false]);
  });

  it("refuses channels within a slot, of unknown slots, and ids that are not their own", () => {
    const refused = [
      [{ id: 1, producerSlot: 0, consumerSlot: 0 }],
      [{ id: 1, producerSlot: 0, consumerSlot: 2 }],
      [{ id: 1, producerSlot: -1, consumerSlot: 1 }],
      [{ id: -1, producerSlot: 0, consumerSlot: 1 }],
      [...FROM_0_TO_1, ...FROM_0_TO_1],
    ];
    for (const channels of refused)
      expect(() => plan(channels)).toThrow(/expected channels with ids of their own/u);
    expect(() => planRings({ slots: 2, attempt: 1, channels: [], poolBytes: 0.5 })).toThrow(
      /pool of a whole number/u,
    );
  });
});
