import { openRingNetwork } from "../ring/ring-network.ts";
import type { RingNetwork } from "../ring/ring-network.ts";
import type { RingDescriptor } from "../ring/ring-descriptor.ts";
import type { DataExchange } from "../tcp/data-network.ts";
import { RigSlot } from "./channel-ends.ts";
import type { ChannelRig, ReaderRemote, WriterRemote } from "./channel-rig.ts";
import { readerEnd, writerEnd } from "./ring-rig.ts";
import type { RingRigOptions } from "./ring-rig.ts";
import type { RingThreads, SlotPart } from "./ring-thread-rig.ts";
import { relayBell } from "./tcp-pair.ts";
import type { TestNetworks } from "./tcp-pair.ts";

let rigs = 0;

/** Channels from a slot at one network to a slot at another, both on this thread. */
export async function tcpRig(
  networks: TestNetworks,
  { channels, poolBytes }: RingRigOptions,
): Promise<ChannelRig> {
  const ids = Array.from({ length: channels }, (_, id) => id);
  const [producer, consumer] = networks.openExchange({
    name: `rig-${rigs++}`,
    channels: ids.map((id) => ({ id, producerSlot: 0, consumerSlot: 1 })),
    slots: [[0], [1]],
    networkMemory: poolBytes,
  }) as [DataExchange, DataExchange];
  const from = openSlot(producer, 0);
  const to = openSlot(consumer, 1);
  const settled = (): Promise<void> => networks.settled();
  await settled();
  return {
    writers: ids.map((id) => settledWriter(writerEnd(from.slot, from.network, id), settled)),
    readers: ids.map((id) => settledReader(readerEnd(to.slot, to.network, id), settled)),
    dispose: async () => {
      from.network.close();
      to.network.close();
      producer.close();
      consumer.close();
      await settled();
    },
  };
}

/** Channels from a slot in one thread to a slot in another, each of them behind a network of its own on this thread. */
export async function tcpThreadRig(
  networks: TestNetworks,
  threads: RingThreads,
  { channels, poolBytes }: RingRigOptions,
): Promise<ChannelRig> {
  const ids = Array.from({ length: channels }, (_, id) => id);
  const [producer, consumer] = networks.openExchange({
    name: `rig-${rigs++}`,
    channels: ids.map((id) => ({ id, producerSlot: 0, consumerSlot: 1 })),
    slots: [[0], [1]],
    networkMemory: poolBytes,
  }) as [DataExchange, DataExchange];
  const part = (exchange: DataExchange, slot: number): SlotPart => ({
    rings: exchange.of(slot) as RingDescriptor,
    bell: exchange.bellOf(slot),
  });
  const rig = await threads.open(ids, [part(producer, 0), part(consumer, 1)]);
  const settled = (): Promise<void> => networks.settled(10);
  await settled();
  return {
    writers: rig.writers.map((writer) => settledWriter(writer, settled)),
    readers: rig.readers.map((reader) => settledReader(reader, settled)),
    dispose: async () => {
      await rig.dispose();
      producer.close();
      consumer.close();
      await settled();
    },
  };
}

/** Opens a slot on this thread. */
export function openSlot(
  exchange: DataExchange,
  slot: number,
): { readonly slot: RigSlot; readonly network: RingNetwork } {
  const port = exchange.bellOf(slot);
  const network = openRingNetwork(exchange.of(slot) as RingDescriptor, slot, relayBell(port, exchange.relay));
  const rigSlot = new RigSlot(network);
  port.on("message", rigSlot.ring);
  port.unref();
  return { slot: rigSlot, network };
}

/** The suite looks at one end right after it has done something to the other: what was sent must have arrived. */
export function settledWriter(writer: WriterRemote, settled: () => Promise<void>): WriterRemote {
  return {
    async run(steps) {
      await settled();
      const report = await writer.run(steps);
      await settled();
      return report;
    },
    told: (what) => writer.told(what),
  };
}

export function settledReader(reader: ReaderRemote, settled: () => Promise<void>): ReaderRemote {
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    await settled();
    const result = await work();
    await settled();
    return result;
  };
  return {
    read: (limit) => around(() => reader.read(limit)),
    readable: () => reader.readable(),
    overtaken: () => reader.overtaken(),
    capture: (checkpointId) => around(() => reader.capture(checkpointId)),
    stopCapture: () => around(() => reader.stopCapture()),
    captured: () => around(() => reader.captured()),
    close: () => around(() => reader.close()),
  };
}
