import { KeyWriter, MillraceError, preview } from "millrace/internal/state-backend";
import type { SliceBuffer } from "../binding/native-binding.ts";
import { asSlice } from "../db/slice-buffer.ts";
import { SORTABLE, U48, writeSortable } from "./sortable.ts";

/** The first byte of each row's key: what kind of row it is. Part of the format of native snapshots. */
export const Space = {
  /** `u16 key group | key | u16 state | rest`: state by key. All of a key's rows stand together. */
  KEYED: 1,
  /** `u32 table | u16 key group | key`: one value of a table by namespace. */
  TABLES: 2,
  /** `u16 state | time | u48 number | u16 key group | key | namespace`: timers in the order in which they fire. */
  TIMERS: 3,
} as const;

/** In the rest of a collection's row (a list, a map, the timers of a key): what of it this row is. */
export const Part = {
  /** How many elements it has, and the number of the next. */
  META: 0,
  /** `| element`: one element. */
  ELEMENT: 1,
} as const;

/**
 * Builds the keys of rows, in a buffer that it uses again for each. Numbers in keys are big endian, so that rows stand in their
 * order; keys are canonical keys.
 */
export class RowKey {
  readonly #writer = new KeyWriter();
  #slice: SliceBuffer = asSlice(this.#writer.bytes);

  /** The key built so far; valid until the next is begun. */
  get slice(): SliceBuffer {
    const bytes = this.#writer.bytes as SliceBuffer;
    if (bytes !== this.#slice) this.#slice = asSlice(bytes);
    bytes.start = 0;
    bytes.end = this.#writer.length;
    return bytes;
  }

  get length(): number {
    return this.#writer.length;
  }

  /** A copy of the key built so far. */
  copy(): Uint8Array {
    return new Uint8Array(this.#writer.bytes.subarray(0, this.#writer.length));
  }

  begin(space: number): this {
    this.#writer.begin(0);
    return this.u8(space);
  }

  /** Cuts it back to a length it had before. */
  cut(length: number): this {
    this.#writer.length = length;
    return this;
  }

  /** A canonical key. */
  key(key: unknown): this {
    if (!this.#writer.write(key, 0)) throw new MillraceError("INTERNAL", `${preview(key)} is no key`);
    return this;
  }

  u8(value: number): this {
    this.#writer.reserve(1);
    this.#writer.bytes[this.#writer.length++] = value;
    return this;
  }

  u16(value: number): this {
    this.#writer.reserve(2);
    this.#writer.length = this.#writer.bytes.writeUInt16BE(value, this.#writer.length);
    return this;
  }

  u32(value: number): this {
    this.#writer.reserve(4);
    this.#writer.length = this.#writer.bytes.writeUInt32BE(value, this.#writer.length);
    return this;
  }

  u48(value: number): this {
    this.#writer.reserve(U48);
    this.#writer.length = this.#writer.bytes.writeUIntBE(value, this.#writer.length, U48);
    return this;
  }

  sortable(value: number): this {
    this.#writer.reserve(SORTABLE);
    writeSortable(this.#writer.bytes, this.#writer.length, value);
    this.#writer.length += SORTABLE;
    return this;
  }
}

/** The least key that does not begin with `prefix`. */
export function after(prefix: Uint8Array): Uint8Array {
  const end = new Uint8Array(prefix);
  let at = end.length - 1;
  while (at >= 0 && end[at] === 0xff) at--;
  if (at < 0) throw new MillraceError("INTERNAL", "a prefix of nothing but 0xff has no end");
  end[at]!++;
  return end.subarray(0, at + 1);
}
