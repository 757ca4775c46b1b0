import { Buffer } from "node:buffer";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeOvertake } from "../../../protocol/data/channel-messages.ts";
import { MessageKind, writeMessageHeader } from "../../../protocol/data/message-header.ts";
import { FRAME_HEADER_BYTES, FrameKind, WHOLE, writeFrameHeader } from "../../../protocol/frame-header.ts";
import { FLUSH, numbers, readAll, readUntil, record } from "../testing/channel-steps.ts";
import type { Item } from "../testing/channel-rig.ts";
import { RawPeer } from "../testing/raw-peer.ts";
import { readerEnd, writerEnd } from "../testing/ring-rig.ts";
import { TestNetworks } from "../testing/tcp-pair.ts";
import type { TestExchange } from "../testing/tcp-pair.ts";
import { openSlot } from "../testing/tcp-rig.ts";
import type { DataExchange, DataNetwork } from "./data-network.ts";
import { planExchange } from "./plan-exchange.ts";

/** tm-0 sends to tm-1. */
const EXCHANGE: TestExchange = {
  name: "victim",
  channels: [{ id: 7, producerSlot: 0, consumerSlot: 1 }],
  slots: [[0], [1]],
  networkMemory: 4 * 4096,
};

let networks: TestNetworks;
let target: DataNetwork;
const raws: RawPeer[] = [];
beforeEach(async () => {
  networks = await TestNetworks.open(2, { heartbeatInterval: 20, heartbeatTimeout: 60_000 });
  target = networks.networks[1] as DataNetwork;
});
afterEach(async () => {
  for (const raw of raws.splice(0)) raw.socket.destroy();
  await networks.close();
});

async function connect(): Promise<RawPeer> {
  const raw = await RawPeer.connect(target.port);
  raws.push(raw);
  return raw;
}

/** Somebody who knows the secret, and stands in for tm-0. */
async function impostor() {
  const order = networks.order(EXCHANGE, 1);
  const exchange = target.openExchange(order);
  const { slot, network } = openSlot(exchange, 1);
  const reader = readerEnd(slot, network, 7);
  const { digest, channels } = planExchange("tm-1", order).peers[0]!.incoming;
  const raw = await connect();
  raw.hello("tm-0", "tm-1");
  await raw.open({
    from: "tm-0",
    exchange: "victim",
    secret: order.secret,
    attempt: 1,
    digest,
    channels: channels.length,
  });
  await raw.next(MessageKind.OPENED);
  return { raw, reader, exchange, frameBytes: channels[0]!.frameBytes };
}

interface RawFrame {
  readonly channel?: number;
  readonly kind?: number;
  readonly flags?: number;
  readonly length?: number;
  readonly total?: number;
  readonly sequence?: number;
  readonly attempt?: number;
  readonly exchange?: number;
  readonly payload?: Uint8Array;
}

function frame(options: RawFrame = {}): Buffer {
  const payload = options.payload ?? Buffer.from([3]);
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  writeFrameHeader(view, 0, {
    kind: FrameKind.EVENT,
    flags: WHOLE,
    channel: 7,
    attempt: 1,
    sequence: 0,
    length: payload.length,
    total: options.length ?? payload.length,
    elements: 1,
    ...(options as object),
  });
  view.setUint32(28, options.exchange ?? 1, true);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

async function expectClosed(raw: RawPeer, message: RegExp, others = 0): Promise<void> {
  // What was on its way to somebody who has closed comes back as a reset.
  await raw.closed.catch(() => {});
  while (target.metrics().incoming > others) await new Promise((resolve) => setImmediate(resolve));
  expect(networks.log.join("\n")).toMatch(message);
  expect(networks.log.join("\n")).toMatch(/127\.0\.0\.1:\d+ is closed/u);
}

describe("a data port", () => {
  it("closes connections that send anything else, and serves those that don't", async () => {
    const [from, to] = networks.openExchange({ ...EXCHANGE, name: "good" }) as [DataExchange, DataExchange];
    const [a, b] = [openSlot(from, 0), openSlot(to, 1)];
    const writer = writerEnd(a.slot, a.network, 7);
    const reader = readerEnd(b.slot, b.network, 7);
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      // Plausible headers.
      fc
        .tuple(fc.integer({ min: 0, max: 30 }), fc.nat(300), fc.nat(3), fc.uint8Array({ maxLength: 300 }))
        .map(([kind, length, exchange, rest]) => {
          const header = Buffer.alloc(32);
          header.writeUInt8(1, 0);
          header.writeUInt8(kind, 1);
          header.writeUInt32LE(length, 16);
          header.writeUInt32LE(exchange, 28);
          return Buffer.concat([header, rest]);
        }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(bytes, { minLength: 1, maxLength: 4 }),
        async (polite, chunks) => {
          const raw = await connect();
          if (polite) raw.hello("tm-0", "tm-1");
          for (const chunk of chunks) raw.socket.write(chunk);
          raw.socket.end();
          await raw.closed;
        },
      ),
      { numRuns: 80 },
    );
    while (target.metrics().incoming > 1) await new Promise((resolve) => setImmediate(resolve));
    await writer.run([record(4), FLUSH]);
    const got: Item[] = [];
    await readUntil(reader, got, (items) => items.length === 1);
    expect(numbers(got)).toEqual([4]);
  });

  it.each<[string, (raw: RawPeer) => void, RegExp]>([
    ["no greeting", (raw) => raw.send(MessageKind.PING, 0), /expected a greeting first/u],
    [
      "no frames before an exchange",
      (raw) => raw.socket.write(frame()),
      /expected exchanges up to 0, got exchange 1/u,
    ],
    [
      "another's greeting",
      (raw) => raw.hello("tm-0", "tm-5"),
      /expected a greeting for TaskManager tm-1, got one for "tm-5"/u,
    ],
    [
      "a request of another protocol",
      (raw) => raw.socket.write("GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n"),
      /expected version 1, got version 71/u,
    ],
    [
      "exchanges out of their order",
      (raw) => {
        raw.hello("tm-0", "tm-1");
        raw.send(MessageKind.OPEN, 5);
      },
      /expected exchange 1 to be opened, got exchange 5/u,
    ],
    [
      "an exchange without a name",
      (raw) => {
        raw.hello("tm-0", "tm-1");
        raw.send(MessageKind.OPEN, 1, Buffer.alloc(72));
      },
      /a name of 1 to 255 bytes/u,
    ],
    [
      "two greetings",
      (raw) => {
        raw.hello("tm-0", "tm-1");
        raw.hello("tm-0", "tm-1");
      },
      /expected one greeting/u,
    ],
  ])("takes %s as a reason to close", async (_, act, message) => {
    const raw = await connect();
    act(raw);
    await expectClosed(raw, message);
  });

  it("refuses who doesn't know an exchange's secret, and leaves its channels to who does", async () => {
    const order = networks.order(EXCHANGE, 1);
    const exchange = target.openExchange(order);
    const { digest, channels } = planExchange("tm-1", order).peers[0]!.incoming;
    const raw = await connect();
    raw.hello("tm-0", "tm-1");
    const asked = { from: "tm-0", exchange: "victim", attempt: 1, digest, channels: channels.length };
    await raw.open({ ...asked, secret: "guessed" });
    const refused = await raw.next(MessageKind.REFUSED);
    expect(refused.bytes.toString("utf8", 1)).toBe("the proof is wrong");
    // Its proof is of no use on another connection, nor as another process.
    const other = await connect();
    other.hello("tm-9", "tm-1");
    await other.open({ ...asked, from: "tm-9", secret: order.secret });
    await other.next(MessageKind.REFUSED);
    const sender = networks.networks[0]!.openExchange(networks.order(EXCHANGE, 0));
    const [a, b] = [openSlot(sender, 0), openSlot(exchange, 1)];
    const reader = readerEnd(b.slot, b.network, 7);
    await writerEnd(a.slot, a.network, 7).run([record(1), FLUSH]);
    const got: Item[] = [];
    await readUntil(reader, got, (items) => items.length === 1);
    expect(numbers(got)).toEqual([1]);
  });

  it("takes no more memory for strangers than it has set aside for all of them", async () => {
    const ask = (handle: number): Buffer => {
      const bytes = Buffer.alloc(FRAME_HEADER_BYTES + 73, "x");
      writeMessageHeader(new DataView(bytes.buffer, bytes.byteOffset), 0, MessageKind.OPEN, handle, 73);
      return bytes;
    };
    const asks = (count: number): Buffer =>
      Buffer.concat(Array.from({ length: count }, (_, n) => ask(n + 1)));
    const waiting = await Promise.all([connect(), connect()]);
    for (const raw of waiting) {
      raw.hello("tm-0", "tm-1");
      raw.socket.write(asks(4096));
    }
    while (target.metrics().bytesReceived < 2 * 4096 * 105)
      await new Promise((resolve) => setImmediate(resolve));
    const last = await connect();
    last.hello("tm-0", "tm-1");
    last.socket.write(ask(1));
    await expectClosed(last, /at most 4096 exchanges that are not open here, got more/u, 2);
    for (const raw of waiting) raw.socket.destroy();
    // What is refused is answered, to who may not read it.
    target.openExchange(networks.order({ ...EXCHANGE, name: "x" }, 1)).close();
    const asking = await connect();
    asking.hello("tm-0", "tm-1");
    asking.socket.write(asks(1024));
    while (asking.received.length < 1025) await new Promise((resolve) => setImmediate(resolve));
    asking.socket.write(ask(1025));
    await expectClosed(asking, /an exchange that is known here among the first 1024, got none/u);
  });

  it("takes what a peer that knows the secret sends in order", async () => {
    const { raw, reader } = await impostor();
    raw.socket.write(frame());
    const got: Item[] = [];
    await readUntil(reader, got, (items) => items.length === 1);
    expect(got).toEqual([{ event: { kind: "idle" } }]);
    const { bytes } = await raw.next(MessageKind.FREED);
    expect([...new Uint32Array(Uint8Array.from(bytes).buffer)]).toEqual([7, 0, 1]);
    await reader.close();
    await raw.next(MessageKind.CONSUMERS_CLOSED);
  });

  it.each<[string, (raw: RawPeer, frameBytes: number) => void, RegExp]>([
    [
      "frames of other channels",
      (raw) => raw.socket.write(frame({ channel: 8 })),
      /expected channels of exchange victim, got channel 8/u,
    ],
    ["frames of other kinds", (raw) => raw.socket.write(frame({ kind: 3 })), /expected kinds of messages/u],
    [
      "frames that are too large",
      (raw, bytes) => raw.socket.write(frame({ kind: 1, payload: Buffer.alloc(bytes) })),
      /at most \d+ bytes in a frame/u,
    ],
    [
      "events that are too large",
      (raw) => raw.socket.write(frame({ payload: Buffer.alloc(97) })),
      /at most 96 bytes in a frame/u,
    ],
    [
      "frames that don't add up",
      (raw) => raw.socket.write(frame({ flags: 1 })),
      /fragment of a larger payload/u,
    ],
    [
      "more frames than there is room for",
      (raw) => {
        for (let n = 0; n < 9; n++) raw.socket.write(frame({ sequence: n }));
      },
      /at most 4 frames of channel 7 at a time/u,
    ],
    [
      "frames of exchanges that were never asked for",
      (raw) => raw.socket.write(frame({ exchange: 2 })),
      /expected exchanges up to 1, got exchange 2/u,
    ],
    [
      "news of consumers",
      (raw) => raw.send(MessageKind.FREED, 1, Buffer.alloc(12)),
      /expected news of producers/u,
    ],
    [
      "news of no channel",
      (raw) => raw.send(MessageKind.PRODUCERS_CLOSED, 1),
      /expected entries of 4 bytes/u,
    ],
    [
      "barriers that are none",
      (raw) => raw.send(MessageKind.OVERTAKE, 1, Buffer.alloc(44)),
      /127\.0\.0\.1:\d+ is closed: expected/u,
    ],
    [
      "barriers of other channels",
      (raw) =>
        raw.send(
          MessageKind.OVERTAKE,
          1,
          encodeOvertake({
            channel: 9,
            sequence: 0,
            inLine: false,
            barrier: {
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
            },
          }),
        ),
      /got channel 9/u,
    ],
  ])("closes a connection that brings %s, and fails its channels", async (_, act, message) => {
    const { raw, reader, frameBytes } = await impostor();
    act(raw, frameBytes);
    await expectClosed(raw, message);
    expect((await readAll(reader)).at(-1)).toEqual({ failed: "CONNECTION_LOST" });
  });

  it("leaves frames of another attempt, and gaps, to the reader", async () => {
    const { raw, reader } = await impostor();
    raw.socket.write(Buffer.concat([frame({ attempt: 9 }), frame(), frame({ sequence: 5 })]));
    const got: Item[] = [];
    await readUntil(reader, got, () => false);
    expect(got).toEqual([{ event: { kind: "idle" } }, { failed: "PROTOCOL_VIOLATION" }]);
  });
});
