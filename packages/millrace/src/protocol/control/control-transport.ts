import type { FromSlot, ToSlot } from "./messages.ts";

/**
 * The JobMaster's line to one slot. Messages arrive once, in order, or the line closes; after `onClose` nothing arrives.
 * Implementations: direct calls in one thread, MessagePorts between threads, WebSockets between processes (later).
 */
export interface SlotConnection {
  /** `transfer`: buffers that the receiver may own from now on. */
  send(message: ToSlot): void;
  onMessage: ((message: FromSlot) => void) | undefined;
  /** The other side is gone: with the reason where it died. */
  onClose: ((error: Error | undefined) => void) | undefined;
  /** Ends the slot. Resolves when it is gone. */
  close(): Promise<void>;
}

/** The slot's line to its JobMaster. */
export interface MasterConnection {
  send(message: FromSlot): void;
  onMessage: ((message: ToSlot) => void) | undefined;
}
