import { hashCanonical } from "./canonical-key-bytes.ts";
import { invalidKey } from "./invalid-key.ts";
import { KeyTag } from "./key-tags.ts";
import { finishHash, mixBlock, mixTail } from "./murmur3.ts";

/** Stands in checkpoints: state is found by hashes of this version only. */
export const KEY_HASH_VERSION = 1;

/**
 * The hash of a key, a signed 32-bit integer: MurmurHash3 x86_32 of its canonical bytes. Numbers, strings, booleans and
 * null are hashed without making the bytes, with the same result.
 *
 * @param where told in the error, such as `operator "count"`
 * @throws INVALID_KEY
 */
export function hashKey(key: unknown, where = ""): number {
  if (typeof key === "string") return hashString(key);
  if (typeof key === "number") {
    if ((key | 0) === key) return hashInt32(key);
    if (key === key) return hashDouble(key);
    throw invalidKey(key, where);
  }
  if (typeof key === "boolean") return key ? HASH_TRUE : HASH_FALSE;
  if (key === null) return HASH_NULL;
  return hashCanonical(key, where);
}

const HASH_NULL = finishHash(mixTail(KeyTag.NULL), 1);
const HASH_FALSE = finishHash(mixTail(KeyTag.FALSE), 1);
const HASH_TRUE = finishHash(mixTail(KeyTag.TRUE), 1);

function hashInt32(key: number): number {
  const hash = mixBlock(0, KeyTag.INT32 | (key << 8));
  return finishHash(hash ^ mixTail(key >>> 24), 5);
}

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

function hashDouble(key: number): number {
  double[0] = key;
  const low = words[0]!;
  const high = words[1]!;
  let hash = mixBlock(0, KeyTag.DOUBLE | (low << 8));
  hash = mixBlock(hash, (low >>> 24) | (high << 8));
  return finishHash(hash ^ mixTail(high >>> 24), 9);
}

/** Tag and length take five bytes, so a block ends behind characters 2, 6, 10 ... */
function hashString(key: string): number {
  const length = key.length;
  let hash = mixBlock(0, KeyTag.LATIN1 | (length << 8));
  let block = length >>> 24;
  let shift = 8;
  // All characters joined: one beyond Latin-1 shows in the high bits.
  let seen = 0;
  let i = 0;
  if (length >= 3) {
    const a = key.charCodeAt(0);
    const b = key.charCodeAt(1);
    const c = key.charCodeAt(2);
    seen = a | b | c;
    hash = mixBlock(hash, block | (a << 8) | (b << 16) | (c << 24));
    block = 0;
    shift = 0;
    for (i = 3; i + 4 <= length; i += 4) {
      const d = key.charCodeAt(i);
      const e = key.charCodeAt(i + 1);
      const f = key.charCodeAt(i + 2);
      const g = key.charCodeAt(i + 3);
      seen |= d | e | f | g;
      hash = mixBlock(hash, d | (e << 8) | (f << 16) | (g << 24));
    }
  }
  for (; i < length; i++, shift += 8) {
    const code = key.charCodeAt(i);
    seen |= code;
    block |= code << shift;
  }
  if (seen > 0xff) return hashCanonical(key, "");
  if (shift > 0) hash ^= mixTail(block);
  return finishHash(hash, length + 5);
}
