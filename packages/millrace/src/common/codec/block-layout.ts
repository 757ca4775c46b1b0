/**
 * The numbers of the frame block format, version 1. `docs/formats/frame-block.md` draws it byte by byte.
 *
 * ```
 * u8 version | u8 flags | u16 0 | u32 elements | u32 bytes of rows | u32 characters of text | rows | text
 * ```
 */
export const BLOCK_VERSION = 1;

/** Bytes before the rows. */
export const BLOCK_HEADER = 16;

/** Flag: the text stands in UTF-16LE, two bytes a character; otherwise in Latin-1. */
export const TEXT_UTF16 = 1;

/** What a row is: the low three bits of its first byte. The high five are the shape's index. */
export const RowKind = {
  /** A record without timestamp. */
  RECORD: 0,
  /** A record; f64 timestamp follows. */
  RECORD_AT: 1,
  /** A record with the timestamp of the one before. */
  RECORD_SAME: 2,
  /** A record; its timestamp is that of the one before (0 at first) plus the i32 that follows. */
  RECORD_DELTA: 3,
  /** A watermark; f64 follows. */
  WATERMARK: 4,
  /** The watermark before any event. */
  WATERMARK_MIN: 5,
  /** The watermark after the last event. */
  WATERMARK_MAX: 6,
  /** Announces a shape: u32 length, then its TypeDescription as ASCII JSON. Not an element. */
  SHAPE: 7,
} as const;

/** The shape index of records that describe themselves. */
export const SELF_DESCRIBING = 31;
/** Shapes that one block may announce; indexes are 0 to 15. */
export const MAX_SHAPES = 16;

/** A length that does not fit in the one byte before it: u32 follows. */
export const LONG = 255;
/** The i32 in place of a number that does not fit: f64 follows. */
export const WIDE = -0x8000_0000;

/** Most bytes of a row before its value: kind, timestamp. */
export const ROW_PREFIX = 9;

/** Kinds of self-describing values. Their bytes are part of the format: never renumber. */
export const ValueKind = {
  UNDEFINED: 0,
  NULL: 1,
  FALSE: 2,
  TRUE: 3,
  INT32: 4,
  DOUBLE: 5,
  STRING: 6,
  BIGINT: 7,
  DATE: 8,
  ARRAY: 9,
  OBJECT: 10,
  MAP: 11,
  SET: 12,
  BYTES: 13,
  TYPED_ARRAY: 14,
  ARRAY_BUFFER: 15,
} as const;

/** How deep values and types may nest. Deeper ones are refused: they are cyclic more often than meant. */
export const MAX_DEPTH = 100;
