/** MurmurHash3 x86_32, seed 0. All values are 32-bit integers, signed. */

/** Mixes four bytes, little endian, into the hash. */
export function mixBlock(hash: number, block: number): number {
  const h = hash ^ mixTail(block);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** What the last one to three bytes are mixed with: `hash ^ mixTail(bytes)`. */
export function mixTail(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

/** Ends a hash over `length` bytes. */
export function finishHash(hash: number, length: number): number {
  let h = hash ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The hash of the first `length` bytes. */
export function murmur3(bytes: Uint8Array, length = bytes.length): number {
  const blocks = length & ~3;
  let hash = 0;
  for (let i = 0; i < blocks; i += 4) {
    hash = mixBlock(hash, bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
  }
  let tail = 0;
  for (let i = length - 1; i >= blocks; i--) tail = (tail << 8) | bytes[i]!;
  if (length > blocks) hash ^= mixTail(tail);
  return finishHash(hash, length);
}
