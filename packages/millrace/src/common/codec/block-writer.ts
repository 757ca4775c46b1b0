import { MillraceError } from "../errors/millrace-error.ts";
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, type Timestamp } from "../time/timestamps.ts";
import { BLOCK_HEADER, BLOCK_VERSION, ROW_PREFIX, RowKind, TEXT_UTF16 } from "./block-layout.ts";
import { RowSink } from "./row-sink.ts";
import { TargetBuffer } from "./target-buffer.ts";

// A string that V8 holds in one byte a character can't match, which its compiled expression knows without looking.
const BEYOND_LATIN1 = /[^\u0000-\u00ff]/;

/**
 * The block under construction: everything of a BlockEncoder but writing records. Rows are gathered in a private buffer,
 * so that an element that does not fit, or fits its type no more halfway, leaves no trace: what counts stands in
 * `rowsLength`, `written`, `count` and `base`, which move only when an element is complete.
 */
export class BlockWriter extends RowSink {
  /** Bytes of the complete rows. */
  rowsLength = 0;
  /** The text of the complete rows. */
  written = "";
  count = 0;
  /** The timestamp of the last record that had one. */
  base: Timestamp = 0;
  /** Bytes that rows and text may take. */
  room = 0;
  /** Bytes a character is expected to take: as in the block before, so that foreign text overflows once, not each time. */
  characterBytes = 1;
  overflow: Buffer | undefined = undefined;
  readonly #target = new TargetBuffer();
  #start = 0;
  #end = 0;

  constructor(slack: number) {
    super(slack + ROW_PREFIX);
  }

  get size(): number {
    return BLOCK_HEADER + this.rowsLength + this.written.length * this.characterBytes;
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new MillraceError(
        "INTERNAL",
        `a block can't stand in [${start}, ${end}) of ${bytes.length} bytes`,
      );
    }
    this.#target.attach(bytes);
    this.#start = bytes.byteOffset + start;
    this.#end = bytes.byteOffset + end;
    this.room = end - start - BLOCK_HEADER;
    this.restart(Math.max(0, this.room));
    this.rowsLength = 0;
    this.written = "";
    this.count = 0;
    this.base = 0;
    this.overflow = undefined;
  }

  writeWatermark(watermark: Timestamp): boolean {
    this.rewind();
    this.reserve(ROW_PREFIX);
    if (watermark === MIN_WATERMARK) {
      this.rows[this.position++] = RowKind.WATERMARK_MIN;
    } else if (watermark === MAX_WATERMARK) {
      this.rows[this.position++] = RowKind.WATERMARK_MAX;
    } else {
      if (Number.isNaN(watermark))
        throw new MillraceError("INTERNAL", "a watermark must be a number, got NaN");
      this.rows[this.position] = RowKind.WATERMARK;
      this.view.setFloat64(this.position + 1, watermark, true);
      this.position += ROW_PREFIX;
    }
    return this.commit();
  }

  /** Forgets what was written since the last complete element. */
  rewind(): void {
    this.position = this.rowsLength;
    this.text = this.written;
  }

  /** Writes what stands before a record's value: kind, shape, timestamp. Room is reserved. */
  writePrefix(timestamp: Timestamp, shape: number): void {
    const kind = shape << 3;
    const delta = timestamp - this.base;
    if (timestamp === NO_TIMESTAMP) {
      this.rows[this.position++] = kind | RowKind.RECORD;
    } else if (timestamp === this.base) {
      this.rows[this.position++] = kind | RowKind.RECORD_SAME;
    } else if ((delta | 0) === delta && this.base + delta === timestamp) {
      this.rows[this.position] = kind | RowKind.RECORD_DELTA;
      this.view.setInt32(this.position + 1, delta, true);
      this.position += 5;
    } else {
      checkTimestamp(timestamp);
      this.rows[this.position] = kind | RowKind.RECORD_AT;
      this.view.setFloat64(this.position + 1, timestamp, true);
      this.position += 9;
    }
  }

  /** Makes what was written since `rewind` an element of the block, when it fits or is the first. `timestamp` is a record's. */
  commit(timestamp: Timestamp = NO_TIMESTAMP): boolean {
    if (this.count > 0 && this.position + this.text.length * this.characterBytes > this.room) return false;
    this.rowsLength = this.position;
    this.written = this.text;
    this.count++;
    if (timestamp !== NO_TIMESTAMP) this.base = timestamp;
    return true;
  }

  finish(): number {
    const text = this.written;
    const wide = BEYOND_LATIN1.test(text);
    this.characterBytes = wide ? 2 : 1;
    const size = BLOCK_HEADER + this.rowsLength + text.length * this.characterBytes;
    if (size > this.#end - this.#start) {
      this.overflow = Buffer.allocUnsafeSlow(size);
      const target = new TargetBuffer();
      target.attach(this.overflow);
      this.#write(target, this.overflow.byteOffset, text, wide);
    } else {
      this.#write(this.#target, this.#start, text, wide);
    }
    this.written = "";
    this.text = "";
    return this.overflow === undefined ? size : -1;
  }

  #write({ bytes, view }: TargetBuffer, start: number, text: string, wide: boolean): void {
    view.setUint8(start, BLOCK_VERSION);
    view.setUint8(start + 1, wide ? TEXT_UTF16 : 0);
    view.setUint16(start + 2, 0);
    view.setUint32(start + 4, this.count, true);
    view.setUint32(start + 8, this.rowsLength, true);
    view.setUint32(start + 12, text.length, true);
    bytes.set(this.rows.subarray(0, this.rowsLength), start + BLOCK_HEADER);
    const at = start + BLOCK_HEADER + this.rowsLength;
    if (wide) bytes.write(text, at, text.length * 2, "utf16le");
    else if (text !== "") bytes.write(text, at, text.length, "latin1");
  }
}

/** Refuses a record's timestamp that is no time. */
export function checkTimestamp(timestamp: Timestamp): void {
  if (Number.isFinite(timestamp)) return;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `a record's timestamp must be a finite number of milliseconds, got ${timestamp}`,
    {
      help: "Look at the timestamp assigner: it returned no valid time for this record.",
    },
  );
}
