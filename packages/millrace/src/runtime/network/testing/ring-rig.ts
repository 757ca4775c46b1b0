import { planRings } from "../ring/plan-rings.ts";
import { openRingNetwork } from "../ring/ring-network.ts";
import type { RingNetwork } from "../ring/ring-network.ts";
import { ReaderEnd, RigSlot, ToldListener, WriterEnd } from "./channel-ends.ts";
import type { ChannelRig } from "./channel-rig.ts";
import { jsonCodec } from "./json-codec.ts";

/** What a ring rig needs to know. */
export interface RingRigOptions {
  readonly channels: number;
  /** Bytes of the consumer's pool. */
  readonly poolBytes: number;
}

/** Channels from slot 0 to slot 1, both on this thread. */
export function ringRig({ channels, poolBytes }: RingRigOptions): ChannelRig {
  const ids = Array.from({ length: channels }, (_, id) => id);
  const rings = planRings({
    slots: 2,
    attempt: 1,
    poolBytes,
    channels: ids.map((id) => ({ id, producerSlot: 0, consumerSlot: 1 })),
  });
  const slots: RigSlot[] = [];
  const bell = (slot: number): void => queueMicrotask(() => slots[slot]?.ring());
  const producer = openRingNetwork(rings, 0, bell);
  const consumer = openRingNetwork(rings, 1, bell);
  slots.push(new RigSlot(producer), new RigSlot(consumer));
  return {
    writers: ids.map((id) => writerEnd(slots[0] as RigSlot, producer, id)),
    readers: ids.map((id) => readerEnd(slots[1] as RigSlot, consumer, id)),
    dispose: async () => {
      producer.close();
      consumer.close();
    },
  };
}

export function writerEnd(slot: RigSlot, network: RingNetwork, id: number): WriterEnd {
  const listener = new ToldListener();
  return new WriterEnd(slot, network.createWriter(id, jsonCodec, listener), listener);
}

export function readerEnd(slot: RigSlot, network: RingNetwork, id: number): ReaderEnd {
  return new ReaderEnd(slot, network.createInput(id, id, 0, jsonCodec));
}
