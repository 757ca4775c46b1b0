import { MillraceError } from "../errors/millrace-error.ts";
import { LONG } from "./block-layout.ts";

/**
 * Where values are read from. Positions count from the start of `view`'s ArrayBuffer, so that the views are made once
 * for a pool of frames. `bytes` and `view` cover the same buffer; reads beyond it throw, reads beyond `end` are found by
 * `checkEnds` behind each value.
 */
export class RowSource {
  bytes: Buffer = EMPTY;
  view: DataView = EMPTY_VIEW;
  position = 0;
  /** Where the block starts: errors count from here. */
  origin = 0;
  /** Behind the last row. */
  end = 0;
  text = "";
  textPosition = 0;

  /** Points at the buffer of `bytes`. */
  protected attach(bytes: Uint8Array): void {
    if (this.view.buffer === bytes.buffer) return;
    this.bytes = Buffer.from(bytes.buffer, 0, bytes.buffer.byteLength);
    this.view = new DataView(bytes.buffer);
  }

  /** Lets go of the text, and of buffers too large to keep until the next use. */
  release(): void {
    this.text = "";
    this.textPosition = 0;
    if (this.bytes.length <= MAX_KEPT) return;
    this.bytes = EMPTY;
    this.view = EMPTY_VIEW;
  }

  /** The error to throw for one that reading threw; reading can't go on after it. */
  damaged(reason: unknown): MillraceError {
    if (MillraceError.is(reason, "CODEC_CORRUPT")) return reason;
    return corrupt(this, reason instanceof Error ? reason.message : String(reason), reason);
  }
}

const MAX_KEPT = 65_536;
const EMPTY = Buffer.alloc(0);
const EMPTY_VIEW = new DataView(new ArrayBuffer(0));

/** Reads what `writeLength` wrote. */
export function readLength(source: RowSource): number {
  const length = source.view.getUint8(source.position++);
  if (length !== LONG) return length;
  const long = source.view.getUint32(source.position, true);
  source.position += 4;
  return long;
}

/** Reads a count of things that each take a byte at least; more than the rows can hold is refused. */
export function readCount(source: RowSource): number {
  const count = readLength(source);
  if (!(count <= source.end - source.position))
    throw corrupt(source, `${count} elements can't fit in the rest of the block`);
  return count;
}

/** Reads a string of the text. */
export function readText(source: RowSource): string {
  const length = readLength(source);
  const start = source.textPosition;
  if (!(start + length <= source.text.length))
    throw corrupt(source, `a string of ${length} characters is longer than the text left`);
  source.textPosition = start + length;
  return source.text.substring(start, start + length);
}

/** The error of a damaged block. */
export function corrupt(source: RowSource, what: string, cause?: unknown): MillraceError {
  const offset = source.position - source.origin;
  return new MillraceError("CODEC_CORRUPT", `damaged block at byte ${offset}: ${what}`, {
    cause,
    help: "The bytes were not written by this version of Millrace for this type, or were changed on their way.",
    details: { offset },
  });
}
