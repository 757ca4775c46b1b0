/** The first byte of each canonical key. They are part of the format: never renumber. */
export const KeyTag = {
  NULL: 0,
  FALSE: 1,
  TRUE: 2,
  /** A number that is a 32-bit integer: i32. */
  INT32: 3,
  /** Any other number: f64. */
  DOUBLE: 4,
  /** A string all of whose characters are below 256: u32 length, a byte each. */
  LATIN1: 5,
  /** Any other string: u32 length in UTF-16 code units, two bytes each. */
  UTF16: 6,
  /** u8 sign (1 below zero), u32 length, the magnitude's bytes, lowest first, without leading zeros. */
  BIGINT: 7,
  /** f64, milliseconds since the epoch. */
  DATE: 8,
  /** u32 length, the elements. */
  ARRAY: 9,
  /** u32 number of fields; name and value of each, sorted by name. */
  OBJECT: 10,
} as const;
