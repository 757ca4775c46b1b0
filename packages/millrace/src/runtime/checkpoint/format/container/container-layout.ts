/**
 * The numbers of the block container, version 1, in which everything that a checkpoint writes stands. `docs/formats/checkpoint.md` draws it
 * byte by byte.
 *
 * ```
 * header (16):  89 'M' 'R' 'C' | u8 version | u8 content | u16 version of the content | u32 0 | u32 crc of these 12 bytes
 * block:        u32 length | u8 type | 3 zeros | u32 number | u32 crc of these 12 bytes and the payload | payload
 * ...           the last block is the index
 * trailer (24): u64 offset of the index | u32 number of the index | u32 0 | u32 crc of these 16 bytes | 'C' 'R' 'M' 89
 * ```
 *
 * So every byte is under a checksum or a constant, and blocks can't change places.
 */
export const CONTAINER_VERSION = 1;

export const CONTAINER_HEADER = 16;
export const BLOCK_PREFIX = 16;
export const CONTAINER_TRAILER = 24;

/** The first four bytes, as a little-endian u32. */
export const START_MAGIC = 0x43_52_4d_89;
/** The last four. */
export const END_MAGIC = 0x89_4d_52_43;

/** Type of the last block. */
export const INDEX_BLOCK = 255;

/** What a container holds. Never renumber. */
export const Content = {
  METADATA: 1,
  KEYED_PART: 2,
  OPERATOR_STATE: 3,
  COORDINATOR_STATE: 4,
  CHANNEL_STATE: 5,
} as const;
export type Content = (typeof Content)[keyof typeof Content];

/** What a container is called in errors. */
export const CONTENT_NAMES: Readonly<Record<Content, string>> = {
  [Content.METADATA]: "metadata",
  [Content.KEYED_PART]: "keyed state",
  [Content.OPERATOR_STATE]: "operator state",
  [Content.COORDINATOR_STATE]: "state of an enumerator",
  [Content.CHANNEL_STATE]: "records in flight",
};
