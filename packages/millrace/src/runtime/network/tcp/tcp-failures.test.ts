import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import type { RingNetwork } from "../ring/ring-network.ts";
import type { ReaderEnd, RigSlot, WriterEnd } from "../testing/channel-ends.ts";
import {
  END,
  FLUSH,
  event,
  fill,
  numbers,
  readAll,
  readUntil,
  record,
  upTo,
} from "../testing/channel-steps.ts";
import type { Item } from "../testing/channel-rig.ts";
import { CuttingProxy } from "../testing/cutting-proxy.ts";
import { readerEnd, writerEnd } from "../testing/ring-rig.ts";
import { TestNetworks } from "../testing/tcp-pair.ts";
import type { TestExchange } from "../testing/tcp-pair.ts";
import { openSlot } from "../testing/tcp-rig.ts";
import type { DataExchange, DataNetwork } from "./data-network.ts";
import { openDataNetwork } from "./open-data-network.ts";

let networks: TestNetworks;
const open = async (options: Parameters<typeof TestNetworks.open>[1] = {}): Promise<TestNetworks> => {
  networks = await TestNetworks.open(2, options);
  return networks;
};
afterEach(() => networks.close());

/** One channel in each direction between two slots. */
const BOTH_WAYS: TestExchange = {
  name: "exchange",
  channels: [
    { id: 0, producerSlot: 0, consumerSlot: 1 },
    { id: 1, producerSlot: 1, consumerSlot: 0 },
  ],
  slots: [[0], [1]],
  networkMemory: 8 * 4096,
};

interface Side {
  readonly exchange: DataExchange;
  readonly slot: RigSlot;
  readonly network: RingNetwork;
  readonly writer: WriterEnd;
  readonly reader: ReaderEnd;
}

/** The ends at slot `slot`: it writes the channel of its own number. */
function side(exchange: DataExchange, slot: number): Side {
  const opened = openSlot(exchange, slot);
  return {
    exchange,
    ...opened,
    writer: writerEnd(opened.slot, opened.network, slot),
    reader: readerEnd(opened.slot, opened.network, 1 - slot),
  };
}

function sides(exchange: TestExchange = BOTH_WAYS): [Side, Side] {
  const [a, b] = networks.openExchange(exchange) as [DataExchange, DataExchange];
  return [side(a, 0), side(b, 1)];
}

const ONE_WAY: TestExchange = {
  ...BOTH_WAYS,
  channels: [{ id: 0, producerSlot: 0, consumerSlot: 1 }],
};

/** Opens the producer's side of a channel to a process behind a proxy. */
async function openBehindProxy() {
  const [from, to] = networks.networks as [DataNetwork, DataNetwork];
  const proxy = await CuttingProxy.open(to.port);
  const order = networks.order(ONE_WAY, 0);
  const exchange = from.openExchange({
    ...order,
    peers: order.peers.map((peer) => ({ ...peer, dataPort: proxy.port })),
  });
  const { slot, network } = openSlot(exchange, 0);
  const consumer = (): DataExchange => to.openExchange(networks.order(ONE_WAY, 1));
  return { proxy, a: { writer: writerEnd(slot, network, 0) }, consumer };
}

/** Waits until the second process was asked so many times for an exchange, by greeting and question. */
async function asked(times: number): Promise<void> {
  const received = (): number => networks.networks[1]?.metrics().bytesReceived ?? 0;
  while (received() < times * ASKED_BYTES) await new Promise((resolve) => setImmediate(resolve));
}
const ASKED_BYTES = 196;

const failure = (items: readonly Item[]): string | undefined => {
  const last = items.at(-1);
  return last !== undefined && "failed" in last ? last.failed : undefined;
};

async function untilFailed(reader: ReaderEnd): Promise<Item[]> {
  const items: Item[] = [];
  await readUntil(reader, items, () => false);
  return items;
}

describe("a broken connection", () => {
  it("fails both ends of its channels wherever it is cut, unless they had come to their end", async () => {
    const clock = new ManualClock();
    await open({ clock, openTimeout: 300 });
    const [from, to] = networks.networks as [DataNetwork, DataNetwork];
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 90_000 }), fc.nat(), async (bytes, run) => {
        const proxy = await CuttingProxy.open(to.port, bytes);
        // Who is not even asked for the exchange waits until then.
        void proxy.spent.then(() => clock.advance(300));
        const exchange: TestExchange = {
          ...BOTH_WAYS,
          name: `cut-${run}-${bytes}`,
          channels: [{ id: 0, producerSlot: 0, consumerSlot: 1 }],
        };
        const order = networks.order(exchange, 0);
        const producer = from.openExchange({
          ...order,
          peers: order.peers.map((peer) => ({ ...peer, dataPort: proxy.port })),
        });
        const consumer = to.openExchange(networks.order(exchange, 1));
        const [a, b] = [openSlot(producer, 0), openSlot(consumer, 1)];
        const writer = writerEnd(a.slot, a.network, 0);
        const reader = readerEnd(b.slot, b.network, 0);
        const got: Item[] = [];
        let written = 0;
        let error: string | undefined;
        const read = readUntil(reader, got, (items) => items.some((item) => "event" in item));
        while (written < 1000 && error === undefined) {
          const report = await writer.run([fill(written, 1000 - written)]);
          written += report.filled;
          error = report.error;
          if (!error && report.blocked)
            await Promise.race([writer.told("unblocked"), writer.told("failed CONNECTION_LOST")]);
        }
        const end = await writer.run([event(END), FLUSH, { do: "close" }]);
        error ??= end.error;
        await read;
        // What has arrived is whole and in order.
        expect(numbers(got)).toEqual(upTo(numbers(got).length));
        const ended = got.some((item) => "event" in item);
        expect([ended, ended ? numbers(got).length : failure(got)]).toEqual(
          ended ? [true, 1000] : [false, "CONNECTION_LOST"],
        );
        expect([undefined, "CONNECTION_LOST"]).toContain(error);
        outcomes.add(`${ended ? "ended" : "cut"} ${error === undefined ? "sent" : "failed"}`);
        producer.close();
        consumer.close();
        await proxy.close();
      }),
      { numRuns: 40 },
    );
    expect(outcomes).toContain("cut failed");
    expect(outcomes).toContain("ended sent");
    // Nothing is left, of which the sockets' own ends come last.
    while (networks.networks.some((network) => network.metrics().incoming + network.metrics().outgoing > 0))
      await new Promise((resolve) => setImmediate(resolve));
    for (const network of networks.networks)
      expect(network.metrics()).toMatchObject({
        exchanges: 0,
        poolBytes: 0,
        mirrorBytes: 0,
        bytesWaiting: 0,
      });
  });

  it("fails one direction, and leaves connections of the other one alone", async () => {
    await open();
    const [from, to] = networks.networks as [DataNetwork, DataNetwork];
    const proxy = await CuttingProxy.open(to.port);
    const order = networks.order(BOTH_WAYS, 0);
    const a = side(
      from.openExchange({
        ...order,
        peers: order.peers.map((peer) => ({ ...peer, dataPort: proxy.port })),
      }),
      0,
    );
    const b = side(to.openExchange(networks.order(BOTH_WAYS, 1)), 1);
    await a.writer.run([record(0), FLUSH]);
    const got: Item[] = [];
    await readUntil(b.reader, got, (items) => items.length === 1);
    const failed = a.writer.told("failed CONNECTION_LOST");
    proxy.cut();
    await failed;
    expect(await untilFailed(b.reader)).toEqual([{ failed: "CONNECTION_LOST" }]);
    await b.writer.run([record(0), FLUSH]);
    const back: Item[] = [];
    await readUntil(a.reader, back, (items) => items.length === 1);
    expect(numbers(back)).toEqual([0]);
    expect(networks.log.join("\n")).toMatch(/data connection with .*127\.0\.0\.1.* is gone/u);
    await proxy.close();
  });

  it("is opened anew for the next exchange", async () => {
    await open();
    const proxy = await CuttingProxy.open(networks.networks[1]!.port);
    for (const name of ["first", "second"]) {
      const exchange = { ...BOTH_WAYS, name };
      const order = networks.order(exchange, 0);
      const a = side(
        networks.networks[0]!.openExchange({
          ...order,
          peers: order.peers.map((peer) => ({ ...peer, dataPort: proxy.port })),
        }),
        0,
      );
      const b = side(networks.networks[1]!.openExchange(networks.order(exchange, 1)), 1);
      await a.writer.run([record(0), FLUSH]);
      const got: Item[] = [];
      await readUntil(b.reader, got, (items) => items.length === 1);
      expect(numbers(got)).toEqual([0]);
      const failed = a.writer.told("failed CONNECTION_LOST");
      proxy.cut();
      await failed;
    }
    await proxy.close();
  });

  it("is made again where the exchange was not open yet: nobody has to hear of it", async () => {
    // Would be waited for by who doesn't hear.
    await open({ openTimeout: 600_000 });
    const { proxy, a, consumer } = await openBehindProxy();
    await asked(1);
    proxy.cut();
    await asked(2);
    const b = openSlot(consumer(), 1);
    await a.writer.run([record(0), FLUSH]);
    const got: Item[] = [];
    await readUntil(readerEnd(b.slot, b.network, 0), got, (items) => items.length === 1);
    expect(numbers(got)).toEqual([0]);
    await proxy.close();
  });

  it("is given up where it is cut each time before the exchange is open", async () => {
    await open({ openTimeout: 600_000 });
    const { proxy, a } = await openBehindProxy();
    const failed = a.writer.told("failed CONNECTION_LOST");
    for (let times = 1; times <= 3; times++) {
      await asked(times);
      proxy.cut();
    }
    await failed;
    expect(networks.networks[0]?.metrics().outgoing).toBe(0);
    await proxy.close();
  });

  it("is noticed when the peer falls silent", async () => {
    await open({ heartbeatInterval: 10, heartbeatTimeout: 50 });
    // Takes connections, and never says anything.
    const silent = await openSilent();
    const order = networks.order(BOTH_WAYS, 0);
    const a = side(
      networks.networks[0]!.openExchange({
        ...order,
        peers: order.peers.map((peer) => ({ ...peer, dataPort: silent.port })),
      }),
      0,
    );
    await a.writer.told("failed CONNECTION_LOST");
    expect(networks.log.join("\n")).toMatch(/nothing has come for 50 ms/u);
    await silent.close();
  });

  it("stays while nothing is sent, by signs of life", async () => {
    await open({ heartbeatInterval: 5, heartbeatTimeout: 500 });
    const [a, b] = sides();
    await networks.settled();
    const { bytesReceived } = networks.networks[0]!.metrics();
    while (networks.networks[0]!.metrics().bytesReceived < bytesReceived + 10 * 32)
      await new Promise((resolve) => setImmediate(resolve));
    await a.writer.run([record(1), FLUSH]);
    const got: Item[] = [];
    await readUntil(b.reader, got, (items) => items.length === 1);
    expect(numbers(got)).toEqual([1]);
    expect(networks.log).toEqual([]);
  });

  it("is what a port where nobody listens is", async () => {
    await open();
    const gone = await openSilent();
    await gone.close();
    const order = networks.order(BOTH_WAYS, 0);
    const a = side(
      networks.networks[0]!.openExchange({
        ...order,
        peers: order.peers.map((peer) => ({ ...peer, dataPort: gone.port })),
      }),
      0,
    );
    await a.writer.told("failed CONNECTION_LOST");
    expect((await a.writer.run([record(0)])).error).toBe("CONNECTION_LOST");
  });
});

describe("an end that goes", () => {
  it("fails the other ends of a slot's channels when its thread is gone", async () => {
    await open();
    const [a, b] = sides();
    await a.writer.run([record(0), FLUSH]);
    await networks.settled();
    const failed = b.writer.told("failed CHANNEL_CLOSED");
    a.exchange.slotGone(0, () => undefined);
    await failed;
    expect(await untilFailed(b.reader)).toEqual([
      { record: { n: 0, text: "record 0" }, timestamp: 0 },
      { failed: "CHANNEL_CLOSED" },
    ]);
  });

  it("leaves channels alone that had come to their end", async () => {
    await open();
    const [a, b] = sides();
    await a.writer.run([record(0), event(END), { do: "close" }]);
    await b.writer.run([record(1), event(END), { do: "close" }]);
    const got: Item[] = [];
    await readUntil(a.reader, got, (items) => items.length === 2);
    a.exchange.slotGone(0, () => undefined);
    await networks.settled();
    expect((await b.writer.run([])).told).toEqual([]);
    expect(await readAll(b.reader)).toEqual([
      { record: { n: 0, text: "record 0" }, timestamp: 0 },
      { event: END },
    ]);
  });

  it("fails all of an exchange's channels when one side closes it, and nobody else's", async () => {
    await open();
    const [a, b] = sides();
    const [c, d] = sides({ ...BOTH_WAYS, name: "other", attempt: 9 });
    await networks.settled();
    const failed = b.writer.told("failed CHANNEL_CLOSED");
    await a.writer.run([record(0), FLUSH]);
    a.exchange.close();
    await failed;
    // What it had sent before still arrives.
    expect(await untilFailed(b.reader)).toEqual([
      { record: { n: 0, text: "record 0" }, timestamp: 0 },
      { failed: "CHANNEL_CLOSED" },
    ]);
    b.exchange.close();
    b.exchange.close();
    await c.writer.run([record(5), FLUSH]);
    const got: Item[] = [];
    await readUntil(d.reader, got, (items) => items.length === 1);
    expect(numbers(got)).toEqual([5]);
    expect(networks.networks[0]!.metrics()).toMatchObject({ exchanges: 1, outgoing: 1, incoming: 1 });
  });

  it("passes over what was on its way to an exchange that was closed meanwhile", async () => {
    await open();
    const [a, b] = sides();
    const [c, d] = sides({ ...BOTH_WAYS, name: "other" });
    await networks.settled();
    // The first exchange's frames leave before its peer's news arrive.
    await a.writer.run([fill(0, 1_000_000), event(END)]);
    b.exchange.close();
    await c.writer.run([record(5), FLUSH]);
    const got: Item[] = [];
    await readUntil(d.reader, got, (items) => items.length === 1);
    expect(numbers(got)).toEqual([5]);
    expect(networks.log).toEqual([]);
  });

  it("leaves nothing behind when a network closes", async () => {
    await open();
    const [a, b] = sides();
    await networks.settled();
    const failed = b.writer.told("failed CHANNEL_CLOSED");
    await networks.networks[0]!.close();
    await failed;
    expect((await a.writer.run([record(0)])).error).toBe("CHANNEL_CLOSED");
    await networks.networks[1]!.close();
    expect(networks.networks.map((network) => network.metrics())).toMatchObject([
      { exchanges: 0, outgoing: 0, incoming: 0, mirrorBytes: 0, bytesWaiting: 0 },
      { exchanges: 0, outgoing: 0, incoming: 0, mirrorBytes: 0, bytesWaiting: 0 },
    ]);
    expect(() => networks.openExchange(BOTH_WAYS)).toThrow(/is closing/u);
  });

  it("closes connections that have had no exchange for long", async () => {
    await open({ heartbeatInterval: 5, heartbeatTimeout: 500, idleTimeout: 20 });
    const [a, b] = sides();
    await networks.settled();
    a.exchange.close();
    b.exchange.close();
    while (networks.networks.some((network) => network.metrics().incoming + network.metrics().outgoing > 0))
      await new Promise((resolve) => setImmediate(resolve));
    expect(networks.log).toEqual([]);
  });
});

describe("an exchange", () => {
  it("waits for peers that open it later", async () => {
    await open();
    const a = side(networks.networks[0]!.openExchange(networks.order(BOTH_WAYS, 0)), 0);
    await a.writer.run([record(0), FLUSH, record(1), FLUSH]);
    await networks.settled();
    const b = side(networks.networks[1]!.openExchange(networks.order(BOTH_WAYS, 1)), 1);
    const got: Item[] = [];
    await readUntil(b.reader, got, (items) => items.length === 2);
    expect(numbers(got)).toEqual([0, 1]);
  });

  it("is refused by peers that don't open it in time, or have closed it", async () => {
    await open({ heartbeatInterval: 5, heartbeatTimeout: 1000, openTimeout: 50 });
    const a = side(networks.networks[0]!.openExchange(networks.order(BOTH_WAYS, 0)), 0);
    expect((await untilFailed(a.reader)).at(-1)).toEqual({ failed: "CONNECTION_LOST" });
    await networks.close();
    await open();
    const again = networks.networks[1]!.openExchange(networks.order({ ...BOTH_WAYS, name: "closed" }, 1));
    again.close();
    const stale = side(
      networks.networks[0]!.openExchange(networks.order({ ...BOTH_WAYS, name: "closed" }, 0)),
      0,
    );
    await stale.writer.told("failed CHANNEL_CLOSED");
  });

  it("is refused when its secret, its attempt or its frames are others", async () => {
    const others = [
      { secret: "another" },
      { token: { epoch: 1, jobId: "job" as never, attempt: 2 } },
      { networkMemory: 64 * 4096 },
    ];
    for (const [i, other] of others.entries()) {
      await open();
      const exchange = { ...BOTH_WAYS, name: `refused ${i}` };
      const b = side(networks.networks[1]!.openExchange({ ...networks.order(exchange, 1), ...other }), 1);
      const a = side(networks.networks[0]!.openExchange(networks.order(exchange, 0)), 0);
      await Promise.race([a.writer.told("failed CONNECTION_LOST"), a.writer.told("failed CHANNEL_CLOSED")]);
      expect(await readAll(b.reader)).not.toContainEqual({
        record: { n: 0, text: "record 0" },
        timestamp: 0,
      });
      expect(networks.log.join("\n")).toMatch(
        /is refused: (the proof is wrong|it is not open|expected 1 channels)/u,
      );
      await networks.close();
    }
  });

  it("is not opened by a process that has another's port", async () => {
    await open();
    const other = await openDataNetwork({
      taskManagerId: "tm-9",
      host: "127.0.0.1",
      port: 0,
      clock: new SystemClock(),
      log: (line) => networks.log.push(line),
    });
    const order = networks.order(BOTH_WAYS, 0);
    const a = side(
      networks.networks[0]!.openExchange({
        ...order,
        peers: order.peers.map((peer) => ({ ...peer, dataPort: other.port })),
      }),
      0,
    );
    await a.writer.told("failed CONNECTION_LOST");
    expect(networks.log.join("\n")).toMatch(
      /a greeting for TaskManager tm-9, got one for "tm-1"|got TaskManager "tm-9"/u,
    );
    await other.close();
  });

  it("is opened once, from parts that fit together", async () => {
    await open();
    const [network] = networks.networks as [DataNetwork];
    const order = networks.order(BOTH_WAYS, 0);
    network.openExchange(order);
    expect(() => network.openExchange(order)).toThrow(/is open already/u);
    const wrong = [
      { slots: [0, 1] },
      { slots: [] },
      { slots: [7] },
      { incoming: [] },
      { incoming: [2, 1] },
      { incoming: [1, 0] },
      { peers: [] },
      { networkMemory: 0 },
      { peers: order.peers.map((peer) => ({ ...peer, host: "a\0b" })) },
    ];
    for (const part of wrong)
      expect(() => network.openExchange({ ...order, exchange: "wrong", ...part })).toThrow(/expected/u);
    expect(network.metrics().exchanges).toBe(1);
  });

  it("keeps others on the same connection going while nobody reads it, and what waits within its bounds", async () => {
    await open();
    const [stuck] = sides({ ...BOTH_WAYS, name: "stuck" });
    const [a, b] = sides({ ...BOTH_WAYS, name: "free" });
    const full = await stuck.writer.run([fill(0, 1_000_000)]);
    expect(full.blocked).toBe(true);
    const got: Item[] = [];
    let written = 0;
    while (numbers(got).length < 5000) {
      written += (await a.writer.run([fill(written, 5000 - written), ...(written < 5000 ? [] : [FLUSH])]))
        .filled;
      await networks.settled(2);
      got.push(...(await b.reader.read()));
    }
    expect(numbers(got)).toEqual(upTo(5000));
    expect((await stuck.writer.run([])).blocked).toBe(true);
    const { outgoing, bytesWaiting, mirrorBytes } = networks.networks[0]!.metrics();
    expect(outgoing).toBe(1);
    expect(bytesWaiting).toBeLessThanOrEqual(mirrorBytes);
  });
});

async function openSilent(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { plainSockets } = await import("./sockets.ts");
  const sockets = new Set<{ destroy(): void }>();
  const server = await plainSockets.listen(
    { host: "127.0.0.1", port: 0 },
    (socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.resume();
    },
    () => undefined,
  );
  return {
    port: server.port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await server.close();
    },
  };
}
