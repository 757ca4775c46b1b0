import type { SliceBuffer } from "../binding/native-binding.ts";
import { sliceBuffer } from "../db/slice-buffer.ts";

/** A buffer larger than this is given up after use. */
const MAX_KEPT = 1024 * 1024;

/** Builds the values of rows, in a buffer that it uses again for each. */
export class RowValue {
  #bytes: SliceBuffer = sliceBuffer(4096);

  get slice(): SliceBuffer {
    return this.#bytes;
  }

  begin(): this {
    if (this.#bytes.length > MAX_KEPT) this.#bytes = sliceBuffer(4096);
    this.#bytes.start = 0;
    this.#bytes.end = 0;
    return this;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#bytes.end++] = value;
    return this;
  }

  u48(value: number): this {
    this.#reserve(6);
    this.#bytes.end = this.#bytes.writeUIntBE(value, this.#bytes.end, 6);
    return this;
  }

  f64(value: number): this {
    this.#reserve(8);
    this.#bytes.end = this.#bytes.writeDoubleLE(value, this.#bytes.end);
    return this;
  }

  append(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#bytes.end);
    this.#bytes.end += bytes.length;
    return this;
  }

  #reserve(bytes: number): void {
    const needed = this.#bytes.end + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = sliceBuffer(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#bytes.end));
    grown.end = this.#bytes.end;
    this.#bytes = grown;
  }
}
