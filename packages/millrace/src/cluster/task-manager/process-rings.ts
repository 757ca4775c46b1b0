import { planRings } from "../../runtime/network/ring/plan-rings.ts";
import { markSlotClosed } from "../../runtime/network/ring/ring-network.ts";
import { ringsOfSlot } from "../../runtime/network/ring/ring-descriptor.ts";
import type { RingDescriptor } from "../../runtime/network/ring/ring-descriptor.ts";
import type { SlotsRequest } from "../job-manager/job-master/units/slot-provider.ts";

/** The shared memory through which slots of one process exchange frames during one attempt. */
export interface ProcessRings {
  /** Pairs of slots with rings between them, each once. */
  readonly pairs: readonly (readonly [number, number])[];
  /** What one slot needs of it. */
  of(slot: number): unknown;
  /**
   * The thread of a slot is gone: the tasks at the other ends of its channels fail at once with CHANNEL_CLOSED, unless they had come to
   * their end. `ring` wakes another slot's thread.
   */
  slotGone(slot: number, ring: (other: number) => void): void;
}

/** The rings between slots that are all in one process; undefined where no frame leaves its slot. */
export function planProcessRings(request: SlotsRequest): ProcessRings | undefined {
  const { channels, count, networkMemory, token } = request;
  if (channels.length === 0) return undefined;
  const rings = planRings({
    slots: count,
    attempt: token.attempt,
    channels,
    ...(networkMemory === undefined ? {} : { poolBytes: networkMemory }),
  });
  return {
    pairs: pairsOf(rings),
    of: (slot) => ringsOfSlot(rings, slot),
    slotGone: (slot, ring) => markSlotClosed(rings, slot, ring),
  };
}

function pairsOf({ links }: RingDescriptor): readonly (readonly [number, number])[] {
  const pairs = new Map(
    links.map(({ producerSlot: a, consumerSlot: b }) => {
      const pair = [Math.min(a, b), Math.max(a, b)] as const;
      return [pair.join(":"), pair];
    }),
  );
  return [...pairs.values()];
}
