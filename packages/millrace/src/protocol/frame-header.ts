import { MillraceError } from "../common/errors/millrace-error.ts";

/**
 * The header in front of every frame's payload; the same for frames in shared memory and on connections.
 * Little-endian, 32 bytes; `docs/formats/frames.md` tells the whole story.
 *
 * ```
 *  0        1        2        3        4
 *  +--------+--------+--------+--------+
 *  | version| kind   | flags  | 0      |   0
 *  +--------+--------+--------+--------+
 *  | channel                           |   4
 *  +-----------------------------------+
 *  | attempt                           |   8
 *  +-----------------------------------+
 *  | sequence                          |  12
 *  +-----------------------------------+
 *  | bytes of payload in this frame    |  16
 *  +-----------------------------------+
 *  | bytes of the whole payload        |  20
 *  +-----------------------------------+
 *  | elements of the whole payload     |  24
 *  +-----------------------------------+
 *  | 0                                 |  28
 *  +-----------------------------------+
 *  | payload ...                       |  32
 * ```
 */
export const FRAME_HEADER_BYTES = 32;

/** The version of header and payload layouts together. */
export const FRAME_VERSION = 1;

/** What a frame's payload is. */
export const FrameKind = {
  /** A block of records and watermarks. */
  DATA: 1,
  /** One event. */
  EVENT: 2,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** The frame holds the first bytes of its payload. */
export const FIRST_FRAGMENT = 1;
/** The frame holds the last bytes of its payload. */
export const LAST_FRAGMENT = 2;
/** A payload in one frame. */
export const WHOLE = FIRST_FRAGMENT | LAST_FRAGMENT;

/** A header's fields. Readers reuse one object for all headers they decode. */
export interface FrameHeader {
  kind: FrameKind;
  /** FIRST_FRAGMENT, LAST_FRAGMENT, both or none. */
  flags: number;
  /** u32. */
  channel: number;
  /** u32. */
  attempt: number;
  /** u32, counted up by one for each frame of the channel, modulo 2^32. */
  sequence: number;
  /** Bytes behind this header. */
  length: number;
  /** Bytes of the payload over all its fragments; the same as `length` in a frame that is whole. */
  total: number;
  /** Records and watermarks in the payload; 1 for an event. */
  elements: number;
}

/** A header to decode into. */
export function emptyFrameHeader(): FrameHeader {
  return {
    kind: FrameKind.DATA,
    flags: WHOLE,
    channel: 0,
    attempt: 0,
    sequence: 0,
    length: 0,
    total: 0,
    elements: 0,
  };
}

/** Writes a header at `offset`, where FRAME_HEADER_BYTES are free. The fields are the caller's to keep in bounds. */
export function writeFrameHeader(view: DataView, offset: number, header: Readonly<FrameHeader>): void {
  view.setUint8(offset, FRAME_VERSION);
  view.setUint8(offset + 1, header.kind);
  view.setUint8(offset + 2, header.flags);
  view.setUint8(offset + 3, 0);
  view.setUint32(offset + 4, header.channel, true);
  view.setUint32(offset + 8, header.attempt, true);
  view.setUint32(offset + 12, header.sequence, true);
  view.setUint32(offset + 16, header.length, true);
  view.setUint32(offset + 20, header.total, true);
  view.setUint32(offset + 24, header.elements, true);
  view.setUint32(offset + 28, 0, true);
}

/** What a reader accepts. */
export interface FrameLimits {
  /** Bytes of one frame's payload. */
  readonly payload: number;
  /** Bytes of a payload over all its fragments. */
  readonly total: number;
}

/**
 * Reads the header at `offset` of the `available` bytes of `view` into `into`. Everything is checked before anybody allocates
 * or reads by it; throws PROTOCOL_VIOLATION that names what came. Bytes of the payload need not have arrived yet.
 */
export function readFrameHeader(
  view: DataView,
  offset: number,
  available: number,
  limits: FrameLimits,
  into: FrameHeader,
): void {
  if (offset < 0 || available - offset < FRAME_HEADER_BYTES) {
    throw violation(`a frame header of ${FRAME_HEADER_BYTES} bytes`, `${available - offset} bytes`);
  }
  const version = view.getUint8(offset);
  const kind = view.getUint8(offset + 1);
  const flags = view.getUint8(offset + 2);
  if (version !== FRAME_VERSION) throw violation(`frame version ${FRAME_VERSION}`, `version ${version}`);
  if (kind !== FrameKind.DATA && kind !== FrameKind.EVENT)
    throw violation("frame kind 1 or 2", `kind ${kind}`);
  if (flags > WHOLE) throw violation("flags 0 to 3", `flags ${flags}`);
  if (view.getUint8(offset + 3) !== 0 || view.getUint32(offset + 28, true) !== 0) {
    throw violation("zeros in the reserved bytes of a frame header", "something else");
  }
  into.kind = kind;
  into.flags = flags;
  into.channel = view.getUint32(offset + 4, true);
  into.attempt = view.getUint32(offset + 8, true);
  into.sequence = view.getUint32(offset + 12, true);
  into.length = view.getUint32(offset + 16, true);
  into.total = view.getUint32(offset + 20, true);
  into.elements = view.getUint32(offset + 24, true);
  checkLengths(into, limits);
}

function checkLengths(header: Readonly<FrameHeader>, limits: FrameLimits): void {
  const { length, total, flags } = header;
  if (length > limits.payload)
    throw violation(`at most ${limits.payload} bytes in a frame`, `${length} bytes`);
  if (total > limits.total) throw violation(`a payload of at most ${limits.total} bytes`, `${total} bytes`);
  if (flags === WHOLE ? length !== total : length >= total) {
    throw violation(
      `a ${flags === WHOLE ? "whole payload" : "fragment of a larger payload"}`,
      `${length} of ${total} bytes with flags ${flags}`,
    );
  }
}

function violation(expected: string, came: string): MillraceError {
  return new MillraceError("PROTOCOL_VIOLATION", `expected ${expected}, got ${came}`, {
    help: "Both ends must run the same version of millrace; a damaged stream is not resumed in the middle.",
  });
}
