import { planRings } from "../../../../runtime/network/ring/plan-rings.ts";
import { markSlotClosed } from "../../../../runtime/network/ring/ring-network.ts";
import { ringsOfSlot } from "../../../../runtime/network/ring/ring-descriptor.ts";
import type { RingDescriptor } from "../../../../runtime/network/ring/ring-descriptor.ts";
import type { FailoverUnit } from "./plan-units.ts";

/** The shared memory through which the slots of one attempt of a unit exchange frames. */
export interface UnitRings {
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

/** The rings of a unit; undefined where no frame leaves its slot. */
export function planUnitRings(
  { channels, slots }: FailoverUnit,
  attempt: number,
  config: Readonly<Record<string, unknown>>,
): UnitRings | undefined {
  const crossing = channels.filter(({ producer, consumer }) => producer.slot !== consumer.slot);
  if (crossing.length === 0) return undefined;
  const poolBytes = config["taskmanager.network.memory"];
  const rings = planRings({
    slots,
    attempt,
    channels: crossing.map(({ id, producer, consumer }) => ({
      id,
      producerSlot: producer.slot,
      consumerSlot: consumer.slot,
    })),
    ...(typeof poolBytes === "number" ? { poolBytes } : {}),
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
