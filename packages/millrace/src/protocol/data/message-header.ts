import { MillraceError } from "../../common/errors/millrace-error.ts";
import { FRAME_HEADER_BYTES, FRAME_VERSION, FrameKind } from "../frame-header.ts";

/*
 * What travels on a connection between two TaskManagers: frames, and messages about them. Both begin with a header of 32 bytes, that of a
 * frame (see `frame-header.ts`), whose last word is the number of an exchange on this connection. `docs/formats/data-connection.md` tells
 * the whole story.
 *
 * ```
 *  0        1        2        3        4
 *  +--------+--------+--------+--------+
 *  | version| kind   | 0               |   0
 *  +--------+--------+--------+--------+
 *  | 0                                 |   4 ... 15
 *  +-----------------------------------+
 *  | bytes behind the header           |  16
 *  +-----------------------------------+
 *  | 0                                 |  20, 24
 *  +-----------------------------------+
 *  | exchange; 0: the connection       |  28
 *  +-----------------------------------+
 * ```
 */
export const MESSAGE_HEADER_BYTES = FRAME_HEADER_BYTES;

/** Bytes behind the header of a message at most; frames have limits of their own. */
export const MAX_MESSAGE_BYTES = 8192;

/** What a header announces, besides frames. Numbers of frames' kinds are below 16. */
export const MessageKind = {
  /** The first message in both directions. */
  HELLO: 16,
  /** Asks for an exchange; from the side that opened the connection, as all messages are that don't say otherwise. */
  OPEN: 17,
  /** The answers to it, from the other side. */
  OPENED: 18,
  REFUSED: 19,
  /** A barrier overtakes in a channel. */
  OVERTAKE: 20,
  /** Frames were given back; from the other side. */
  FREED: 21,
  /** Producers have closed their ends. */
  PRODUCERS_CLOSED: 22,
  /** Consumers have closed theirs; from the other side. */
  CONSUMERS_CLOSED: 23,
  /** An exchange is closed; from either side. */
  CLOSED: 24,
  /** Nothing: the sender lives. From either side. */
  PING: 25,
} as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

const LAST_KIND = MessageKind.PING;

/** How a peer begins that speaks TLS, before TLS's own version, whose first byte is 3. */
const TLS_HANDSHAKE = 22;

/** Whether a header is a frame's. Checks the version. @throws PROTOCOL_VIOLATION */
export function isFrame(view: DataView, offset: number): boolean {
  const version = view.getUint8(offset);
  if (version !== FRAME_VERSION) {
    const isTls = version === TLS_HANDSHAKE && view.getUint8(offset + 1) === 3;
    throw violation(
      `version ${FRAME_VERSION}`,
      isTls ? "TLS, and security.ssl.internal.enabled is off here" : `version ${version}`,
    );
  }
  const kind = view.getUint8(offset + 1);
  return kind === FrameKind.DATA || kind === FrameKind.EVENT;
}

/** The number of the exchange in any header. */
export function exchangeOf(view: DataView, offset: number): number {
  return view.getUint32(offset + 28, true);
}

/** Puts the number of an exchange into a frame's header. */
export function setExchange(view: DataView, offset: number, exchange: number): void {
  view.setUint32(offset + 28, exchange, true);
}

/** Writes a message's header. */
export function writeMessageHeader(
  view: DataView,
  offset: number,
  kind: MessageKind,
  exchange: number,
  length: number,
): void {
  for (let at = 0; at < MESSAGE_HEADER_BYTES; at += 4) view.setUint32(offset + at, 0, true);
  view.setUint8(offset, FRAME_VERSION);
  view.setUint8(offset + 1, kind);
  view.setUint32(offset + 16, length, true);
  view.setUint32(offset + 28, exchange, true);
}

/** The kind in a message's header, all of which is checked. @throws PROTOCOL_VIOLATION */
export function readMessageKind(view: DataView, offset: number): MessageKind {
  const kind = view.getUint8(offset + 1);
  if (kind < MessageKind.HELLO || kind > LAST_KIND) {
    throw violation(`kinds of messages from ${MessageKind.HELLO} to ${LAST_KIND}`, `kind ${kind}`);
  }
  const zero =
    view.getUint16(offset + 2, true) |
    view.getUint32(offset + 4, true) |
    view.getUint32(offset + 8, true) |
    view.getUint32(offset + 12, true) |
    view.getUint32(offset + 20, true) |
    view.getUint32(offset + 24, true);
  if (zero !== 0) throw violation("zeros in the reserved bytes of a message's header", "something else");
  messageBytes(view, offset);
  return kind as MessageKind;
}

/** The number of bytes behind a message's header. @throws PROTOCOL_VIOLATION */
export function messageBytes(view: DataView, offset: number): number {
  const length = view.getUint32(offset + 16, true);
  if (length > MAX_MESSAGE_BYTES)
    throw violation(`messages of at most ${MAX_MESSAGE_BYTES} bytes`, `one of ${length} bytes`);
  return length;
}

/** The error of who gets something else than the protocol says. */
export function violation(expected: string, came: string): MillraceError {
  return new MillraceError("PROTOCOL_VIOLATION", `expected ${expected}, got ${came}`, {
    help: "Only TaskManagers of the same cluster and version of millrace connect to a data port.",
  });
}
