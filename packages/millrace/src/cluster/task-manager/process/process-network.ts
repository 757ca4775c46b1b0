import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { planRings } from "../../../runtime/network/ring/plan-rings.ts";
import { ringsOfSlot } from "../../../runtime/network/ring/ring-descriptor.ts";
import { markSlotClosed } from "../../../runtime/network/ring/ring-network.ts";
import type { DataExchange, DataNetwork, ExchangeOrder } from "../../../runtime/network/tcp/data-network.ts";

/** Exchange between the slots of this process alone, without a port: for tests of what is not about the network. */
export function processNetwork(port: number): DataNetwork {
  let exchanges = 0;
  return {
    port,
    openExchange(order) {
      exchanges++;
      return exchangeOf(order, () => exchanges--);
    },
    metrics: () => ({
      exchanges,
      outgoing: 0,
      incoming: 0,
      poolBytes: 0,
      mirrorBytes: 0,
      framesSent: 0,
      framesReceived: 0,
      bytesSent: 0,
      bytesReceived: 0,
      bytesWaiting: 0,
    }),
    close: () => Promise.resolve(),
  };
}

function exchangeOf(
  { slotCount, slots, token, channels, networkMemory }: ExchangeOrder,
  closed: () => void,
): DataExchange {
  const here = new Set(slots);
  if (channels.some(({ producerSlot, consumerSlot }) => !here.has(producerSlot) || !here.has(consumerSlot)))
    throw new MillraceError("INVALID_ARGUMENT", "expected channels between the slots of this process");
  const rings = planRings({ slots: slotCount, attempt: token.attempt, channels, poolBytes: networkMemory });
  return {
    pairs: [
      ...new Map(
        rings.links.map(({ producerSlot: a, consumerSlot: b }) => {
          const pair = [Math.min(a, b), Math.max(a, b)] as const;
          return [pair.join(":"), pair];
        }),
      ).values(),
    ],
    relay: slotCount,
    relayed: [],
    of: (slot) => (channels.length === 0 ? undefined : ringsOfSlot(rings, slot)),
    bellOf: (slot) => {
      throw new MillraceError("INTERNAL", `slot ${slot} has no channels to other processes`);
    },
    slotGone: (slot, ring) => markSlotClosed(rings, slot, ring),
    close: closed,
  };
}
