import { open, type FileHandle } from "node:fs/promises";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { NO_BYTES, READ_SIZE, type ByteReader, type ReadBytes } from "./byte-reader.ts";
import { shownPath } from "./file-problem.ts";
import type { FileSplit } from "./file-split.ts";

const NEWLINE = 10;

/**
 * Reads the bytes of a split's records from an uncompressed file. A range that begins in the middle of a file starts behind
 * the first newline at or after the byte before it, and ends behind the first newline at or after its last byte: so each line
 * belongs to exactly one range.
 */
export class PlainBytes implements ByteReader {
  readonly #split: FileSplit;
  readonly #handle: FileHandle;
  #offset: number;
  /** Where the records end, once that is known. */
  #stop: number | undefined;
  #closed = false;

  private constructor(split: FileSplit, handle: FileHandle) {
    this.#split = split;
    this.#handle = handle;
    this.#offset = split.offset;
    if (split.end >= split.size) this.#stop = split.size;
    // A restored position behind the last record of the range: what begins there is another range's.
    else if (split.offset > split.start && split.offset >= split.end) this.#stop = split.offset;
  }

  /** Opens the file, and goes to the first record. */
  static async open(split: FileSplit): Promise<PlainBytes> {
    const bytes = new PlainBytes(split, await open(split.path, "r"));
    try {
      if (split.start > 0 && split.offset === split.start) await bytes.#skipToRecord();
    } catch (error) {
      bytes.close();
      throw error;
    }
    return bytes;
  }

  /** The byte that the next `read` begins with, its tail aside. */
  get offset(): number {
    return this.#offset;
  }

  async read(tail: Buffer): Promise<ReadBytes> {
    if (this.#offset >= this.#limit()) return { bytes: tail, last: true };
    // Records longer than the usual read are gathered in ever larger steps.
    const size = Math.min(Math.max(READ_SIZE, tail.length), this.#limit() - this.#offset);
    const buffer = Buffer.allocUnsafeSlow(tail.length + size);
    buffer.set(tail);
    const count = await this.#fill(buffer, tail.length, size);
    this.#findStop(buffer, tail.length, count);
    const taken = Math.min(count, this.#limit() - this.#offset);
    this.#offset += taken;
    return { bytes: buffer.subarray(0, tail.length + taken), last: this.#offset >= this.#limit() };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Nothing was written: there is nothing to lose.
    this.#handle.close().catch(() => undefined);
  }

  #limit(): number {
    return this.#stop ?? this.#split.size;
  }

  async #fill(buffer: Buffer, at: number, size: number): Promise<number> {
    const { bytesRead } = await this.#handle.read(buffer, at, size, this.#offset);
    if (bytesRead === 0) {
      throw new MillraceError(
        "SOURCE_FAILED",
        `${shownPath(this.#split.path)} had ${this.#split.size} bytes and now ends at ${this.#offset}: it was cut while it was read`,
        { details: { path: this.#split.path } },
      );
    }
    return bytesRead;
  }

  /** Looks for the newline that ends the range in bytes just read. */
  #findStop(buffer: Buffer, at: number, count: number): void {
    if (this.#stop !== undefined) return;
    const lastOfRange = this.#split.end - 1;
    if (this.#offset + count <= lastOfRange) return;
    const from = at + Math.max(0, lastOfRange - this.#offset);
    const found = buffer.subarray(0, at + count).indexOf(NEWLINE, from);
    if (found >= 0) this.#stop = this.#offset + (found - at) + 1;
  }

  async #skipToRecord(): Promise<void> {
    this.#offset = this.#split.start - 1;
    for (;;) {
      const size = Math.min(64 * 1024, this.#split.size - this.#offset);
      if (size <= 0) break;
      const buffer = Buffer.allocUnsafeSlow(size);
      const count = await this.#fill(buffer, 0, size);
      const found = buffer.subarray(0, count).indexOf(NEWLINE);
      if (found >= 0) {
        this.#offset += found + 1;
        break;
      }
      this.#offset += count;
    }
    // A line that covers the whole range belongs to the range it begins in.
    if (this.#offset >= this.#split.end) this.#stop = this.#offset;
  }
}

/** The first bytes of a file, at most `length`. */
export async function readHead(path: string, length: number): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled === 0 ? NO_BYTES : buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

/** How many newlines stand in the first `end` bytes of a file. */
export async function countLines(path: string, end: number): Promise<number> {
  const handle = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_SIZE);
    let lines = 0;
    for (let at = 0; at < end;) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(READ_SIZE, end - at), at);
      if (bytesRead === 0) break;
      for (let i = buffer.indexOf(NEWLINE); i >= 0 && i < bytesRead; i = buffer.indexOf(NEWLINE, i + 1))
        lines++;
      at += bytesRead;
    }
    return lines;
  } finally {
    await handle.close();
  }
}
