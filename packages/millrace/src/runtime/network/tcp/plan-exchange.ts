import { createHash } from "node:crypto";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { SlotPeer } from "../../../protocol/cluster/resource-messages.ts";
import { frameShape, layOutRings } from "../ring/plan-rings.ts";
import type { FrameShape, ShapedChannel } from "../ring/plan-rings.ts";
import type { RingChannel, RingDescriptor } from "../ring/ring-descriptor.ts";
import type { ExchangeOrder } from "./data-network.ts";

/** How the slots of a process exchange frames during an attempt. */
export interface ExchangePlan {
  /** The slots that are here, and the relay behind all slots of the attempt: consumer of what leaves the process, producer of what enters it. */
  readonly rings: RingDescriptor;
  readonly relay: number;
  /** Slots here with channels to the relay. */
  readonly relayed: readonly number[];
  readonly peers: readonly PeerPlan[];
}

/** What is exchanged with another process. */
export interface PeerPlan {
  readonly peer: SlotPeer;
  /** Names it in errors and logs. */
  readonly name: string;
  readonly outgoing: Direction;
  readonly incoming: Direction;
}

/** Channels from one process to another. */
export interface Direction {
  /** As the rings here have them. */
  readonly channels: readonly RingChannel[];
  /** SHA-256 of everything that both ends must agree on: ids, slots, sizes and numbers of frames. */
  readonly digest: Uint8Array;
}

type OrderedChannel = ExchangeOrder["channels"][number];

/**
 * Lays out the rings between the slots of a process and, for channels to other processes, between its slots and the relay. The relay's pool
 * mirrors those of the remote consumers: both processes compute the same frames for a channel, from how many channels enter its consumer
 * and what memory that has for them.
 *
 * @throws INVALID_ARGUMENT when the parts of the order don't fit together
 */
export function planExchange(taskManagerId: string, order: ExchangeOrder): ExchangePlan {
  const { slotCount, token, channels } = order;
  const relay = slotCount;
  const here = new Set(order.slots);
  const peers = order.peers.filter((peer) => peer.taskManagerId !== taskManagerId);
  const homes = homesOf(order, peers);
  const shaped = channels.map((channel): ShapedChannel => {
    const [from, to] = [here.has(channel.producerSlot), here.has(channel.consumerSlot)];
    const shape = shapeOf(order, homes, channel, !from || !to);
    if (from && to) return { ...channel, ...shape };
    const other = homes.get(from ? channel.consumerSlot : channel.producerSlot);
    if ((!from && !to) || other === undefined) {
      throw refused(
        `channels with an end here, and the other at a peer`,
        `channel ${channel.id} from slot ${channel.producerSlot} to slot ${channel.consumerSlot}`,
      );
    }
    return {
      ...channel,
      ...shape,
      ...(from ? { consumerSlot: relay } : { producerSlot: relay }),
      peer: nameOf(other),
    };
  });
  checkIncoming(order, here);
  const rings = layOutRings({ slots: slotCount + 1, attempt: token.attempt, channels: shaped });
  const laid = new Map(rings.channels.map((channel) => [channel.id, channel]));
  const between = (mine: keyof OrderedChannel, theirs: keyof OrderedChannel, peer: SlotPeer): Direction =>
    direction(
      channels.filter((channel) => here.has(channel[mine]) && homes.get(channel[theirs]) === peer),
      laid,
    );
  return {
    rings,
    relay,
    relayed: [
      ...new Set(
        rings.channels.flatMap(({ producerSlot, consumerSlot }) =>
          producerSlot === relay ? [consumerSlot] : consumerSlot === relay ? [producerSlot] : [],
        ),
      ),
    ].sort((a, b) => a - b),
    peers: peers.map((peer) => ({
      peer,
      name: nameOf(peer),
      outgoing: between("producerSlot", "consumerSlot", peer),
      incoming: between("consumerSlot", "producerSlot", peer),
    })),
  };
}

const nameOf = ({ taskManagerId, host, dataPort }: SlotPeer): string =>
  `TaskManager ${taskManagerId} (${host}:${dataPort})`;

/** The peer of each slot that is elsewhere. */
function homesOf(order: ExchangeOrder, peers: readonly SlotPeer[]): ReadonlyMap<number, SlotPeer> {
  const homes = new Map<number, SlotPeer>();
  const taken = new Set<number>();
  const take = (slot: number, where: string): void => {
    if (!Number.isInteger(slot) || slot < 0 || slot >= order.slotCount || taken.has(slot))
      throw refused(`slots below ${order.slotCount}, each in one place`, `slot ${slot} ${where}`);
    taken.add(slot);
  };
  for (const slot of order.slots) take(slot, "here");
  for (const peer of peers) {
    for (const slot of peer.slots) {
      take(slot, `at ${nameOf(peer)}`);
      homes.set(slot, peer);
    }
  }
  return homes;
}

/** Both ends come to the same. */
function shapeOf(
  { incoming, networkMemory }: ExchangeOrder,
  homes: ReadonlyMap<number, SlotPeer>,
  { consumerSlot }: OrderedChannel,
  remote: boolean,
): FrameShape {
  const count = incoming[consumerSlot];
  if (count === undefined || !Number.isInteger(count) || count < 1)
    throw refused(`how many channels enter slot ${consumerSlot}`, String(count));
  return frameShape(homes.get(consumerSlot)?.networkMemory ?? networkMemory, count, remote);
}

/** All channels into a slot here are known here. */
function checkIncoming({ incoming, channels }: ExchangeOrder, here: ReadonlySet<number>): void {
  const counts = new Map<number, number>();
  for (const { consumerSlot } of channels) counts.set(consumerSlot, (counts.get(consumerSlot) ?? 0) + 1);
  for (const [slot, count] of counts) {
    const told = incoming[slot] as number;
    if (here.has(slot) ? told !== count : told < count)
      throw refused(`${told} channels into slot ${slot}`, `${count}`);
  }
}

function direction(ordered: readonly OrderedChannel[], laid: ReadonlyMap<number, RingChannel>): Direction {
  const hash = createHash("sha256");
  const sorted = ordered.toSorted((a, b) => a.id - b.id);
  const words = new Uint32Array(7 * sorted.length);
  sorted.forEach(({ id, producerSlot, consumerSlot }, i) => {
    const { frameBytes, frames, eventBytes, events } = laid.get(id) as RingChannel;
    words.set([id, producerSlot, consumerSlot, frameBytes, frames, eventBytes, events], 7 * i);
  });
  const bytes = new DataView(new ArrayBuffer(words.byteLength));
  words.forEach((word, i) => bytes.setUint32(4 * i, word, true));
  hash.update(bytes);
  return { channels: sorted.map(({ id }) => laid.get(id) as RingChannel), digest: hash.digest() };
}

function refused(expected: string, came: string): MillraceError {
  return new MillraceError("INVALID_ARGUMENT", `an exchange: expected ${expected}, got ${came}`);
}
