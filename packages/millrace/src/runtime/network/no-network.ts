import type { SlotNetwork } from "./slot-network.ts";

/** The network of a slot that has no peers: all its channels are local. */
export const noNetwork: SlotNetwork = {
  poll: () => false,
  prepareToSleep: () => true,
  wokeUp() {},
  close() {},
};
