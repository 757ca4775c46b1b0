import type { Timestamp } from "../time/timestamps.ts";

/** What a cursor stands on. Numbers, because they are compared for each record. */
export const ElementKind = {
  /** Nothing more in this frame. */
  END: 0,
  /** `value` and `timestamp` hold a record. */
  RECORD: 1,
  /** `timestamp` holds a watermark. */
  WATERMARK: 2,
} as const;
export type ElementKind = (typeof ElementKind)[keyof typeof ElementKind];

/**
 * Walks the elements of a data frame in order; may be left between two elements and resumed later, which is how a
 * reader stops when its output has no credit. In-memory queues implement it, too.
 *
 * The engine calls `next()`; on RECORD it reads `value` and `timestamp` before it calls `next()` again. Values never
 * alias the frame's bytes: the frame may be given back once END was returned.
 */
export interface ElementCursor<T> {
  next(): ElementKind;
  readonly value: T;
  readonly timestamp: Timestamp;
}

/**
 * Builds the block of a data frame: records and watermarks in order. One encoder belongs to one channel and is reused
 * for all its frames; no state reaches from one block into the next.
 *
 * Duties of the caller: `begin`, then writes, then `finish` exactly once; `bytes` may be shared memory and belongs to
 * the encoder from `begin` to `finish`.
 * Duties of the encoder: `writeRecord` and `writeWatermark` return false, and leave the block as it was, when the element
 * does not fit behind those already in it. Into an empty block every element goes: if it is too large, the encoder keeps it
 * aside and `finish` answers with bytes of its own (see `overflow`).
 * A record that does not fit its declared type throws RECORD_TYPE_MISMATCH naming the path, and leaves the block as it was.
 */
export interface BlockEncoder<T> {
  /** Starts a block in `bytes[start, end)`. */
  begin(bytes: Uint8Array, start: number, end: number): void;
  writeRecord(value: T, timestamp: Timestamp): boolean;
  writeWatermark(watermark: Timestamp): boolean;
  /** Elements in the block so far. */
  readonly count: number;
  /** About how many bytes the block takes so far. */
  readonly size: number;
  /**
   * Ends the block; the number of bytes written from `start`, or -1 when it did not fit: then `overflow` holds the whole
   * block (longer than end - start), which the caller splits over several frames.
   */
  finish(): number;
  /** The block that did not fit, valid until the next `begin`. */
  readonly overflow: Uint8Array | undefined;
}

/** Reads blocks that a BlockEncoder of the same type wrote. One belongs to one channel. */
export interface BlockDecoder<T> extends ElementCursor<T> {
  /**
   * Stands before the first element of the block in `bytes[start, end)`, which stays untouched until END or `reset`.
   * Lengths are checked before anything is allocated; a damaged block throws CODEC_CORRUPT naming the offset.
   */
  reset(bytes: Uint8Array, start: number, end: number): void;
  /** Elements of the block that `next` has not given yet. */
  readonly left: number;
}

/** Makes the encoders and decoders of one edge. */
export interface FrameCodec<T> {
  createEncoder(): BlockEncoder<T>;
  createDecoder(): BlockDecoder<T>;
}

/** Encodes single values: state entries, splits, results on their way to the client. */
export interface ValueCodec<T> {
  /** The value's bytes, a buffer of their own. Throws RECORD_TYPE_MISMATCH naming the path. */
  encode(value: T): Uint8Array;
  /** The value; never aliases `bytes`. Throws CODEC_CORRUPT. */
  decode(bytes: Uint8Array): T;
  /** A deep copy that goes the way of encode and decode, as a restore would see it. */
  copy(value: T): T;
}
