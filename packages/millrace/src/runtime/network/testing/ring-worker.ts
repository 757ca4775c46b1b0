import { parentPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { RingDescriptor } from "../ring/ring-descriptor.ts";
import { openRingNetwork } from "../ring/ring-network.ts";
import type { RingNetwork } from "../ring/ring-network.ts";
import type { ReaderRemote, WriterRemote } from "./channel-rig.ts";
import { RigSlot } from "./channel-ends.ts";
import type { ReaderEnd, WriterEnd } from "./channel-ends.ts";
import { readerEnd, writerEnd } from "./ring-rig.ts";

/*
 * A thread with one slot of a rig; see ring-thread-rig.ts. It sleeps in its event loop, and is woken by calls and bells.
 */

/** What the thread is sent. */
export type RingWorkerMessage =
  | {
      readonly kind: "open";
      readonly call: number;
      readonly rings: RingDescriptor;
      readonly slot: number;
      /** To the other slot's thread. */
      readonly bell: MessagePort;
    }
  | {
      readonly kind: "call";
      readonly call: number;
      readonly channel: number;
      readonly method: keyof WriterRemote | keyof ReaderRemote;
      readonly argument: unknown;
    }
  | { readonly kind: "dispose"; readonly call: number };

/** What it answers. */
export interface RingWorkerAnswer {
  readonly call: number;
  readonly value?: unknown;
  readonly error?: unknown;
}

interface Opened {
  readonly network: RingNetwork;
  readonly bell: MessagePort;
  readonly ends: readonly (WriterEnd | ReaderEnd)[];
}

let opened: Opened | undefined;

async function handle(message: RingWorkerMessage): Promise<unknown> {
  switch (message.kind) {
    case "open":
      opened = open(message.rings, message.slot, message.bell);
      return undefined;
    case "call": {
      const end = opened?.ends[message.channel] as Record<string, (argument: unknown) => unknown> | undefined;
      return end?.[message.method]?.(message.argument);
    }
    case "dispose":
      opened?.network.close();
      opened?.bell.close();
      opened = undefined;
      return undefined;
  }
}

function open(rings: RingDescriptor, slot: number, bell: MessagePort): Opened {
  const network = openRingNetwork(rings, slot, () => bell.postMessage(undefined));
  const rigSlot = new RigSlot(network);
  bell.on("message", rigSlot.ring);
  const ends = rings.channels.map(({ id, producerSlot }) =>
    producerSlot === slot ? writerEnd(rigSlot, network, id) : readerEnd(rigSlot, network, id),
  );
  return { network, bell, ends };
}

parentPort?.on("message", (message: RingWorkerMessage) => {
  handle(message).then(
    (value) => parentPort?.postMessage({ call: message.call, value } satisfies RingWorkerAnswer),
    (error: unknown) => parentPort?.postMessage({ call: message.call, error } satisfies RingWorkerAnswer),
  );
});
