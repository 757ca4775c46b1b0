import { decodeChannelEvent, encodeChannelEvent } from "../channel-event-codec.ts";
import type { Barrier } from "../channel-event.ts";
import { violation } from "./message-header.ts";

/*
 * Messages about channels. Payloads, behind the header of `message-header.ts`:
 *
 * ```
 * OVERTAKE          u32 channel | u32 sequence | u32 1 when the barrier has a frame, else 0 | 32 bytes: the event, as in a frame
 * FREED             for each of some channels: u32 channel | u32 data frames given back so far | u32 events likewise; modulo 2^32
 * PRODUCERS_CLOSED  for each of some channels: u32 channel
 * CONSUMERS_CLOSED  likewise
 * ```
 */
export const FREED_BYTES = 12;
export const CLOSED_BYTES = 4;
const EVENT_BYTES = 32;
const OVERTAKE_BYTES = 12 + EVENT_BYTES;

/** A barrier that overtakes in a channel; see `docs/formats/frames.md`. */
export interface OvertakeMessage {
  readonly channel: number;
  readonly barrier: Barrier;
  readonly sequence: number;
  readonly inLine: boolean;
}

export function encodeOvertake({ channel, barrier, sequence, inLine }: OvertakeMessage): Uint8Array {
  const bytes = new Uint8Array(OVERTAKE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, channel, true);
  view.setUint32(4, sequence, true);
  view.setUint32(8, inLine ? 1 : 0, true);
  bytes.set(encodeChannelEvent(barrier), 12);
  return bytes;
}

/** @throws PROTOCOL_VIOLATION */
export function decodeOvertake(bytes: Uint8Array): OvertakeMessage {
  if (bytes.length !== OVERTAKE_BYTES)
    throw violation(`a barrier that overtakes in ${OVERTAKE_BYTES} bytes`, `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const inLine = view.getUint32(8, true);
  if (inLine > 1) throw violation("0 or 1 for whether a barrier has a frame", `${inLine}`);
  const barrier = decodeChannelEvent(bytes, 12, bytes.length);
  if (barrier.kind !== "barrier") throw violation("a barrier that overtakes", barrier.kind);
  return {
    channel: view.getUint32(0, true),
    sequence: view.getUint32(4, true),
    inLine: inLine === 1,
    barrier,
  };
}

/** Checks that a payload is a list of entries of this size. @throws PROTOCOL_VIOLATION */
export function entriesIn(length: number, entryBytes: number): number {
  if (length === 0 || length % entryBytes !== 0)
    throw violation(`entries of ${entryBytes} bytes`, `${length} bytes`);
  return length / entryBytes;
}
