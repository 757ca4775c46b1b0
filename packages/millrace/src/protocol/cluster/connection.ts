import type { FromTaskManager, ToTaskManager } from "./resource-messages.ts";

/*
 * One connection between a TaskManager and the JobManager carries two kinds of messages: those of the two processes, and those of slots
 * and their JobMasters, which neither process looks into. Binary, one WebSocket message each:
 *
 * ```
 * u8 1 | a resource message, self-describing (codec of plain values)
 * u8 2 | u32le allocation | a ToSlot or FromSlot, self-describing; encoded and decoded in the threads of the JobMaster and of the slot
 * ```
 */

/** Bytes of the largest message. A side that gets more closes the connection and says so. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** Bytes that may wait to be sent; a peer that takes none until more have gathered is lost. */
export const MAX_BACKLOG_BYTES = 256 * 1024 * 1024;

/**
 * The two ends of a connection. Implementations: WebSockets between processes, direct calls in tests. `onMessage`, `onSlotMessage` and
 * `onClose` are set in the turn in which the connection was given; after `onClose`, which comes once, nothing arrives.
 *
 * What breaks the protocol (unknown, malformed or too large messages) closes the connection and is logged with the peer's address.
 */
export interface ResourceConnection<Out, In> {
  /** The peer's address, for logs: "127.0.0.1:41234". */
  readonly peer: string;
  /** Does nothing once it is closed. @throws RECORD_TYPE_MISMATCH for what can't be carried, RECORD_TOO_LARGE; the connection stays */
  send(message: Out): void;
  /** `bytes` may be kept until they have left. @throws RECORD_TOO_LARGE; the connection stays */
  sendToSlot(allocation: number, bytes: Uint8Array): void;
  onMessage: ((message: In) => void) | undefined;
  onSlotMessage: ((allocation: number, bytes: Uint8Array) => void) | undefined;
  /** undefined: either side has closed it in order. */
  onClose: ((error: Error | undefined) => void) | undefined;
  /** What was sent before arrives; nothing arrives here any more. `onClose` comes later. */
  close(reason?: string): void;
}

/** As the JobManager has it. */
export type TaskManagerConnection = ResourceConnection<ToTaskManager, FromTaskManager>;
/** As a TaskManager has it. */
export type JobManagerConnection = ResourceConnection<FromTaskManager, ToTaskManager>;
