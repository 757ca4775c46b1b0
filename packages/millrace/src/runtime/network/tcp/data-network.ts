import type { MessagePort } from "node:worker_threads";
import type { OpenSlots } from "../../../protocol/cluster/resource-messages.ts";

/**
 * What a TaskManager's main thread does for frames: rings between its slots, and for channels to other TaskManagers the relay that carries
 * their frames over TCP. Made by `openDataNetwork`.
 *
 * One TCP connection for each pair of TaskManagers and direction of frames, opened by the one that sends, when the first exchange between
 * them is opened; shared by all exchanges. A connection that breaks, breaks the protocol or falls silent is closed, and with it all channels
 * on it, at both ends.
 *
 * @example
 * ```ts
 * const network = await openDataNetwork({ taskManagerId, host: "127.0.0.1", port: 0, clock, log });
 * const exchange = network.openExchange({ ...request, slots: request.orders.map(({ slot }) => slot), networkMemory });
 * for (const slot of exchange.relayed) threads[slot].connectBell(exchange.relay, exchange.bellOf(slot));
 * ```
 */
export interface DataNetwork {
  /** The port that it listens on. */
  readonly port: number;
  /**
   * Lays out the shared memory of an attempt's slots, and begins to connect to the TaskManagers that they send to. Doesn't wait for them: a
   * peer that has not opened its side yet is waited for, up to the timeout; what can't be connected fails its channels.
   *
   * @throws CONFLICT when the exchange is open already; INVALID_ARGUMENT when slots, peers and channels don't fit together
   */
  openExchange(order: ExchangeOrder): DataExchange;
  /** What goes through it at the moment. */
  metrics(): DataNetworkMetrics;
  /** Closes all exchanges, connections and the port. Settles when nothing is left. */
  close(): Promise<void>;
}

/** What is to be opened: the parts of `OpenSlots` that are about frames. */
export interface ExchangeOrder extends Pick<
  OpenSlots,
  "token" | "exchange" | "secret" | "slotCount" | "channels" | "incoming" | "peers"
> {
  /** Numbers of the slots that are here. */
  readonly slots: readonly number[];
  /** Bytes for frames that arrive in a slot here: the request's, or the TaskManager's own setting as it was told at its registration. */
  readonly networkMemory: number;
}

/**
 * The exchange between the slots of one attempt, as their TaskManager has it.
 *
 * Duties of the caller: each slot's thread gets its part (`of`), the lines to its neighbours (`pairs`) and, where it is among `relayed`, the
 * line to the relay; a thread that ends is told by `slotGone`; when all slots have ended the exchange is closed.
 */
export interface DataExchange {
  /** Pairs of slots of this process with rings between them, each once: they ring each other's bell. */
  readonly pairs: readonly (readonly [number, number])[];
  /** The number that the relay has among the slots: behind all of them. */
  readonly relay: number;
  /** Slots of this process with channels to other processes: the relay and they ring each other's bell. */
  readonly relayed: readonly number[];
  /** What a slot's thread opens by `openRingNetwork`; undefined where no frame leaves or enters the slot. Structured-cloneable. */
  of(slot: number): unknown;
  /** The line between a slot among `relayed` and the relay; to be transferred to the slot's thread, once: any message rings. */
  bellOf(slot: number): MessagePort;
  /**
   * The thread of a slot is gone: the tasks at the other ends of its channels, in whatever process, fail at once with CHANNEL_CLOSED, unless
   * they had come to their end. `ring` wakes the thread of another slot of this process.
   */
  slotGone(slot: number, ring: (other: number) => void): void;
  /** Gives everything back. Channels that have not come to their end fail at their other ends. A second call does nothing. */
  close(): void;
}

/** Figures of a data network. */
export interface DataNetworkMetrics {
  readonly exchanges: number;
  /** Connections on which frames leave, and on which they arrive. */
  readonly outgoing: number;
  readonly incoming: number;
  /** Bytes of shared memory for frames: those that arrive in slots here, and those on their way to other processes. */
  readonly poolBytes: number;
  readonly mirrorBytes: number;
  /** Since the start. */
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Bytes that wait for the network at the moment. Bounded by `mirrorBytes` and a little for each channel. */
  readonly bytesWaiting: number;
}
