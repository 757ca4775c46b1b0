import type { MessagePort } from "node:worker_threads";
import type { FromSlot, ToSlot } from "../../protocol/control/messages.ts";

/** From the process's main thread to a slot's thread: control messages, and what belongs to the thread itself. */
export type ToWorker =
  | { readonly type: "control"; readonly message: ToSlot }
  /** The line to a peer slot, by which both ring each other's bell. */
  | { readonly type: "bell"; readonly slot: number; readonly port: MessagePort }
  /** Rings the slot's bell: something was put into shared memory for it on behalf of a slot that is gone. */
  | { readonly type: "ring" };

/** From a slot's thread to the main thread. */
export type FromWorker = FromSlot;
