import type { RingDescriptor } from "../../runtime/network/ring/ring-descriptor.ts";
import { openRingNetwork } from "../../runtime/network/ring/ring-network.ts";
import type { OpenRings } from "./slot-channels.ts";

/** How a slot's thread opens the rings of its deployment. `bell` wakes the thread of another slot. */
export function openSlotRings(bell: (slot: number) => void): OpenRings {
  return (rings, slot) => openRingNetwork(rings as RingDescriptor, slot, bell);
}
