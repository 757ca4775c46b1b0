import { MillraceError } from "../../common/errors/millrace-error.ts";
import { MAX_MESSAGE_BYTES } from "../../protocol/cluster/connection.ts";
import { decodeMessage, encodeMessage } from "../../protocol/cluster/slot-message-codec.ts";

const RESOURCE = 1;
const SLOT = 2;
const SLOT_HEADER = 5;

/** The most bytes that a WebSocket message of ours has. */
export const MAX_FRAME_BYTES = MAX_MESSAGE_BYTES + SLOT_HEADER;

/** What came over a connection. `bytes` is a view of what was decoded. */
export type ConnectionFrame<T> =
  | { readonly kind: "resource"; readonly message: T }
  | { readonly kind: "slot"; readonly allocation: number; readonly bytes: Uint8Array };

/** @throws RECORD_TYPE_MISMATCH for what can't be carried, RECORD_TOO_LARGE */
export function encodeResourceFrame(message: object): Uint8Array {
  const bytes = encodeMessage(message);
  checkSize(bytes);
  const frame = new Uint8Array(1 + bytes.length);
  frame[0] = RESOURCE;
  frame.set(bytes, 1);
  return frame;
}

/** @throws RECORD_TOO_LARGE */
export function encodeSlotFrame(allocation: number, bytes: Uint8Array): Uint8Array {
  checkSize(bytes);
  const frame = new Uint8Array(SLOT_HEADER + bytes.length);
  frame[0] = SLOT;
  new DataView(frame.buffer).setUint32(1, allocation, true);
  frame.set(bytes, SLOT_HEADER);
  return frame;
}

/** Reads either of them; layout: see `protocol/cluster/connection.ts`. @throws PROTOCOL_VIOLATION */
export function decodeConnectionFrame<T extends { readonly type: string }>(
  frame: Uint8Array,
): ConnectionFrame<T> {
  if (frame[0] === RESOURCE) return { kind: "resource", message: decodeMessage<T>(frame.subarray(1)) };
  if (frame[0] === SLOT && frame.length >= SLOT_HEADER) {
    const allocation = new DataView(frame.buffer, frame.byteOffset).getUint32(1, true);
    return { kind: "slot", allocation, bytes: frame.subarray(SLOT_HEADER) };
  }
  const got = frame.length === 0 ? "nothing" : `${frame.length} bytes that begin with ${frame[0]}`;
  throw new MillraceError(
    "PROTOCOL_VIOLATION",
    `expected a message of a TaskManager or JobManager, got ${got}`,
  );
}

function checkSize({ length }: Uint8Array): void {
  if (length <= MAX_MESSAGE_BYTES) return;
  throw new MillraceError(
    "RECORD_TOO_LARGE",
    `a message between JobManager and TaskManagers may have ${MAX_MESSAGE_BYTES} bytes, got one of ${length}`,
    { help: "Large results belong into a sink, large state into execution.checkpointing.dir." },
  );
}
