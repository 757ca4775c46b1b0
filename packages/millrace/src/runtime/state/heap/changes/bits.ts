/** Bits by position, 32 a word: for sets of small numbers, of which there may be millions. */
export type BitWords = Int32Array;

/** Whether the bit is set; false beyond the end. */
export function hasBit(words: BitWords, at: number): boolean {
  return ((words[at >>> 5]! >>> (at & 31)) & 1) === 1;
}

/** Sets a bit, which is within. */
export function setBit(words: BitWords, at: number): void {
  words[at >>> 5]! |= 1 << (at & 31);
}

export function clearBit(words: BitWords, at: number): void {
  words[at >>> 5]! &= ~(1 << (at & 31));
}

/** Words for bits [0, count). */
export function bitWords(count: number): BitWords {
  return new Int32Array((count + 31) >>> 5);
}

/** The same bits in at least so many words. */
export function growBits(words: BitWords, length: number): BitWords {
  if (words.length >= length) return words;
  const grown = new Int32Array(length);
  grown.set(words);
  return grown;
}

/** The bits of both, in `into` where that is the longer one, which it changes. */
export function uniteBits(into: BitWords, other: BitWords): BitWords {
  const united = growBits(into, other.length);
  for (let i = 0; i < other.length; i++) united[i]! |= other[i]!;
  return united;
}
