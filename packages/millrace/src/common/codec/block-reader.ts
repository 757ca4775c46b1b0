import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, type Timestamp } from "../time/timestamps.ts";
import { BLOCK_HEADER, BLOCK_VERSION, RowKind, TEXT_UTF16 } from "./block-layout.ts";
import { ElementKind } from "./frame-codec.ts";
import { corrupt, RowSource } from "./row-source.ts";

/** The block being read: everything of a BlockDecoder but reading records. */
export class BlockReader<T> extends RowSource {
  value = undefined as T;
  timestamp: Timestamp = NO_TIMESTAMP;
  /** Elements not yet read. */
  left = 0;
  /** The timestamp of the last record that had one. */
  base: Timestamp = 0;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.left = 0;
    this.base = 0;
    this.textPosition = 0;
    this.attach(bytes);
    this.origin = bytes.byteOffset + start;
    this.position = this.origin;
    const size = end - start;
    if (!(start >= 0 && size >= BLOCK_HEADER && end <= bytes.length))
      throw corrupt(this, `a block can't have ${size} bytes`);
    this.#readHeader(size);
  }

  #readHeader(size: number): void {
    const at = this.origin;
    const version = this.view.getUint8(at);
    const flags = this.view.getUint8(at + 1);
    if (version !== BLOCK_VERSION)
      throw corrupt(this, `expected block version ${BLOCK_VERSION}, got ${version}`);
    if (flags > TEXT_UTF16 || this.view.getUint16(at + 2) !== 0) throw corrupt(this, "unknown flags");
    const elements = this.view.getUint32(at + 4, true);
    const rows = this.view.getUint32(at + 8, true);
    const characters = this.view.getUint32(at + 12, true);
    const textBytes = characters * (flags === TEXT_UTF16 ? 2 : 1);
    if (BLOCK_HEADER + rows + textBytes !== size)
      throw corrupt(this, `lengths don't add up to ${size} bytes`);
    if (elements > rows) throw corrupt(this, `${elements} elements can't fit in ${rows} bytes`);
    this.position = at + BLOCK_HEADER;
    this.end = this.position + rows;
    this.text =
      flags === TEXT_UTF16
        ? this.bytes.toString("utf16le", this.end, this.end + textBytes)
        : this.bytes.toString("latin1", this.end, this.end + textBytes);
    this.left = elements;
  }

  /** The end of the block: nothing may be left over. */
  ended(): typeof ElementKind.END {
    if (this.position !== this.end || this.textPosition !== this.text.length)
      throw corrupt(this, "more than its elements");
    this.value = undefined as T;
    this.position = 0;
    this.end = 0;
    this.textPosition = 0;
    this.text = "";
    return ElementKind.END;
  }

  /** Reads the timestamp of a record of this kind (the low bits of its first byte) at `position`. */
  readTimestamp(kind: number): Timestamp {
    switch (kind) {
      case RowKind.RECORD:
        return NO_TIMESTAMP;
      case RowKind.RECORD_SAME:
        return this.base;
      case RowKind.RECORD_DELTA:
        this.position += 4;
        return (this.base += this.view.getInt32(this.position - 4, true));
      case RowKind.RECORD_AT:
        return (this.base = this.readFinite());
      default:
        throw corrupt(this, `unknown kind of row ${kind}`);
    }
  }

  /** Reads a watermark of this kind. */
  readWatermark(kind: number): typeof ElementKind.WATERMARK {
    if (kind === RowKind.WATERMARK) this.timestamp = this.readFinite();
    else if (kind === RowKind.WATERMARK_MIN) this.timestamp = MIN_WATERMARK;
    else if (kind === RowKind.WATERMARK_MAX) this.timestamp = MAX_WATERMARK;
    else throw corrupt(this, `unknown kind of row ${kind}`);
    this.checkEnds();
    return ElementKind.WATERMARK;
  }

  readFinite(): Timestamp {
    this.position += 8;
    const time = this.view.getFloat64(this.position - 8, true);
    if (!Number.isFinite(time)) throw corrupt(this, `a timestamp that is ${time}`);
    return time;
  }

  /** Whether the last element stayed within rows and text. */
  checkEnds(): void {
    if (!(this.position <= this.end && this.textPosition <= this.text.length))
      throw corrupt(this, "an element beyond its end");
  }
}
