/**
 * Decodes Parquet's hybrid of run lengths and bit packing, a stretch at a time: definition levels, and indexes into a dictionary.
 *
 * ```
 * run: varint header; header & 1 = 0: one value of ceil(width / 8) bytes, header >> 1 times
 *                     header & 1 = 1: (header >> 1) * 8 values of `width` bits each, lowest bits first
 * ```
 */
export class HybridDecoder {
  readonly #bytes: Uint8Array;
  readonly #width: number;
  #offset: number;
  readonly #end: number;
  /** What is left of the run at hand. */
  #left = 0;
  #packed = false;
  /** The value of a run of equal ones. */
  #value = 0;
  /** Where the next packed value begins, in bits from the start of the run's bytes. */
  #bit = 0;
  #packedStart = 0;

  /**
   * @param width bits of a value, 0 to 32
   * @param start where the runs begin in `bytes`
   * @param end where they end
   */
  constructor(bytes: Uint8Array, width: number, start: number, end: number) {
    this.#bytes = bytes;
    this.#width = width;
    this.#offset = start;
    this.#end = end;
  }

  /** Puts the next `count` values into `out[0, count)`. Values that the bytes don't hold are 0. */
  read(out: Int32Array, count: number): void {
    for (let at = 0; at < count;) {
      if (this.#left === 0 && !this.#nextRun()) {
        out.fill(0, at, count);
        return;
      }
      const taken = Math.min(count - at, this.#left);
      if (this.#packed) this.#unpack(out, at, taken);
      else out.fill(this.#value, at, at + taken);
      this.#left -= taken;
      at += taken;
    }
  }

  #nextRun(): boolean {
    if (this.#width === 0 || this.#offset >= this.#end) return false;
    const header = this.#varint();
    this.#packed = (header & 1) === 1;
    if (this.#packed) {
      const groups = header >>> 1;
      this.#left = groups * 8;
      this.#packedStart = this.#offset;
      this.#bit = 0;
      this.#offset += groups * this.#width;
    } else {
      this.#left = header >>> 1;
      const length = (this.#width + 7) >> 3;
      this.#value = 0;
      for (let i = 0; i < length; i++) this.#value |= (this.#bytes[this.#offset++] ?? 0) << (8 * i);
    }
    return true;
  }

  #unpack(out: Int32Array, at: number, count: number): void {
    const bytes = this.#bytes;
    const width = this.#width;
    const mask = width === 32 ? -1 : (1 << width) - 1;
    let bit = this.#bit;
    for (let i = at; i < at + count; i++, bit += width) {
      const byte = this.#packedStart + (bit >>> 3);
      const shift = bit & 7;
      // Bytes behind the end read as undefined, and count as 0 in these operations.
      let value =
        (bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24)) >>>
        shift;
      if (shift + width > 32) value |= bytes[byte + 4]! << (32 - shift);
      out[i] = value & mask;
    }
    this.#bit = bit;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#offset++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0 || shift >= 28) return value >>> 0;
    }
  }
}
