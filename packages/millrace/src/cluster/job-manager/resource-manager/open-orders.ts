import type { CrossingSlots } from "../../../protocol/cluster/crossing-slots.ts";
import type { ArtifactReference, OpenSlots } from "../../../protocol/cluster/resource-messages.ts";
import type { Allocation, RegisteredTaskManager } from "./slots.ts";

/** What the requests for one attempt's slots have in common. */
export interface AttemptExchange {
  readonly slots: CrossingSlots;
  readonly artifact: ArtifactReference;
  readonly exchange: string;
  readonly secret: string;
  /** In the order of their numbers in the attempt. */
  readonly allocations: readonly Allocation[];
}

/** The one request that a TaskManager gets for its slots of an attempt. */
export function openOrder(
  attempt: AttemptExchange,
  taskManager: RegisteredTaskManager,
  request: number,
): OpenSlots {
  const { slots, artifact, exchange, secret, allocations } = attempt;
  const here = (slot: number): boolean => allocations[slot]?.taskManager === taskManager;
  const others = new Set(allocations.map((each) => each.taskManager).filter((each) => each !== taskManager));
  return {
    type: "openSlots",
    request,
    token: slots.token,
    exchange,
    secret,
    jobName: slots.jobName,
    orders: allocations.flatMap(({ id, slot }, number) =>
      here(number) ? [{ allocation: id, slot: number, slotId: slot.slotId }] : [],
    ),
    slotCount: slots.count,
    channels: slots.channels.filter(
      ({ producerSlot, consumerSlot }) => here(producerSlot) || here(consumerSlot),
    ),
    incoming: allocations.map(
      (_, number) => slots.channels.filter(({ consumerSlot }) => consumerSlot === number).length,
    ),
    peers: [...others].map((peer) => ({
      taskManagerId: peer.description.taskManagerId,
      host: peer.description.host,
      dataPort: peer.description.dataPort,
      slots: allocations.flatMap((each, number) => (each.taskManager === peer ? [number] : [])),
      networkMemory: slots.networkMemory ?? peer.description.hardware.networkMemory,
    })),
    networkMemory: slots.networkMemory,
    artifact,
  };
}
