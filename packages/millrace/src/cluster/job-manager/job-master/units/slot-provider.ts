import type { SlotId } from "../../../../common/ids/ids.ts";
import type { SlotConnection } from "../../../../protocol/control/control-transport.ts";
import type { FencingToken } from "../../../../protocol/control/deployment.ts";

/**
 * Where a JobMaster gets its slots: threads of this process, the caller's thread, TaskManagers. A slot serves one attempt and is closed by
 * who opened it; a fresh one runs the next.
 *
 * Duties of the provider: what it answers is online and takes a deployment; the exchange between its slots is laid out (`exchange`), so that
 * frames may flow as soon as both ends are deployed; a slot that is lost closes its connection before its peers hear of it.
 * Duties of the caller: it sets `onMessage` and `onClose` in the turn in which `open` resolves, deploys each slot once, and closes each.
 */
export interface SlotProvider {
  /** So many slots will be wanted soon: what takes time may begin. */
  prepare(count: number): void;
  /**
   * That many slots. Several calls may be underway. Settles late where slots must be waited for.
   *
   * @throws SLOT_LOST when one can't be had, NO_SLOTS when there are not enough and waiting has not helped
   */
  open(request: SlotsRequest): Promise<readonly OpenedSlot[]>;
}

/** The slots that one attempt of a failover unit runs in. */
export interface SlotsRequest {
  readonly token: FencingToken;
  readonly jobName: string;
  /** Number of slots; they are numbered from 0 in `channels`. */
  readonly count: number;
  /** The first of them as the job numbers them: for messages and names. */
  readonly firstSlot: number;
  /** Channels whose ends are in two different slots. */
  readonly channels: readonly CrossingChannel[];
  /** Bytes for frames that arrive in a slot; undefined: the default. */
  readonly networkMemory: number | undefined;
  /** Aborted when nobody waits for them any more: what comes all the same is closed by who asked. */
  readonly abandoned?: AbortSignal | undefined;
}

/** A channel between two slots. */
export interface CrossingChannel {
  /** Unique in the attempt of the unit, u32. */
  readonly id: number;
  readonly producerSlot: number;
  readonly consumerSlot: number;
}

/** A slot that takes a deployment. */
export interface OpenedSlot {
  readonly connection: SlotConnection;
  readonly location: SlotLocation;
  /** How it exchanges frames with other slots of its process; undefined where it does not, or where its process knows. Structured-cloneable. */
  readonly exchange: unknown;
}

/** Where a slot is. */
export interface SlotLocation {
  readonly slotId: SlotId;
  /** "local" in the process of the JobMaster. */
  readonly taskManagerId: string;
  /** Host and data port of its TaskManager: "10.0.0.7:40211"; "local". */
  readonly endpoint: string;
}

/** The location of a slot of this process. */
export const localSlot = (slotId: SlotId): SlotLocation => ({
  slotId,
  taskManagerId: "local",
  endpoint: "local",
});
