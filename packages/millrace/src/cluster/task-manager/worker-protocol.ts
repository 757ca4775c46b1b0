import type { MessagePort } from "node:worker_threads";
import type { FromSlot, ToSlot } from "../../protocol/control/messages.ts";
import type { LocalFolders } from "../../runtime/checkpoint/local/local-copies.ts";

/** A slot whose JobMaster is in another process: what its TaskManager knows of it, and the JobMaster does not. Structured-cloneable. */
export interface RemoteSlot {
  /** The job's program, which is in this file; its deployment must name the same. */
  readonly sha256: string;
  readonly artifactUrl: string;
  /** What the slot needs of the shared memory of its attempt; undefined where no frame leaves or enters it. */
  readonly exchange: unknown;
}

/**
 * From the process's main thread to a slot's thread: control messages, and what belongs to the thread itself. A slot whose JobMaster is in
 * another process is opened by `remote`; from then on its control messages are bytes, in both directions, which the main thread never
 * decodes.
 */
export type ToWorker =
  | { readonly type: "control"; readonly message: ToSlot }
  | { readonly type: "remote"; readonly slot: RemoteSlot }
  /** Where the slot may keep copies of state, before it is deployed; without it, there are none. */
  | { readonly type: "localFolders"; readonly folders: LocalFolders }
  /** As `encodeMessage` made them. */
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  /** The line to a peer slot, by which both ring each other's bell. */
  | { readonly type: "bell"; readonly slot: number; readonly port: MessagePort }
  /** Rings the slot's bell: something was put into shared memory for it on behalf of a slot that is gone. */
  | { readonly type: "ring" };

/** From a slot's thread to the main thread. */
export type FromWorker =
  | FromSlot
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  /** What a remote slot prints, for the process's own file. Answered by `stdoutTaken`. */
  | { readonly type: "output"; readonly bytes: Uint8Array };
