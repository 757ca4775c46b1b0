import { crc32 } from "node:zlib";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { StateFileReader } from "../../storage/state-files.ts";
import { corruptFile } from "../../storage/storage-problem.ts";
import { CHECKPOINT_FORMAT } from "../checkpoint-metadata.ts";
import {
  BLOCK_PREFIX,
  CONTAINER_HEADER,
  CONTAINER_TRAILER,
  CONTAINER_VERSION,
  CONTENT_NAMES,
  END_MAGIC,
  INDEX_BLOCK,
  START_MAGIC,
  type Content,
} from "./container-layout.ts";

/** A block that was read: all of it was checked. */
export interface ContainerBlock {
  readonly type: number;
  readonly payload: Uint8Array;
  /** Where the next block starts. */
  readonly end: number;
}

/** Reads blocks under checksums. What it gives out was checked; all else is CHECKPOINT_CORRUPT, naming file and block. */
export class ContainerReader {
  /** Payload of the last block. */
  readonly index: Uint8Array;
  /** Number of the last block. */
  readonly indexNumber: number;
  readonly indexOffset: number;
  readonly #file: StateFileReader;
  /** The file, or what it holds where it is no file: for errors. */
  readonly name: string;

  /**
   * @param content what it has to hold
   * @throws CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED; RESTORE_REFUSED when another version of Millrace wrote it
   */
  constructor(file: StateFileReader, content: Content) {
    this.#file = file;
    this.name = file.name === "inline" ? `inline ${CONTENT_NAMES[content]}` : file.name;
    const smallest = CONTAINER_HEADER + BLOCK_PREFIX + CONTAINER_TRAILER;
    if (file.length < smallest)
      throw corruptFile(this.name, `it has ${file.length} bytes, fewer than an empty one`);
    this.#checkHeader(content);
    const trailer = this.#readTrailer();
    this.indexOffset = trailer.offset;
    this.indexNumber = trailer.number;
    const index = this.block(trailer.number, trailer.offset);
    if (index.type !== INDEX_BLOCK || index.end !== file.length - CONTAINER_TRAILER)
      throw corruptFile(this.name, "its index is not where it should be");
    this.index = index.payload;
  }

  /** The block of this number, which starts there. */
  block(number: number, offset: number): ContainerBlock {
    const limit = this.#file.length - CONTAINER_TRAILER;
    if (!(offset >= CONTAINER_HEADER && offset + BLOCK_PREFIX <= limit))
      throw this.damaged(number, offset, "it would lie outside of the file");
    const prefix = viewOf(this.#file.read(offset, BLOCK_PREFIX));
    const length = prefix.getUint32(0, true);
    const end = offset + BLOCK_PREFIX + length;
    if (end > limit)
      throw this.damaged(number, offset, `its ${length} bytes would reach beyond the file's end`);
    const payload = this.#file.read(offset + BLOCK_PREFIX, length);
    const sum = crc32(payload, crc32(bytesOf(prefix, 12)));
    if (sum !== prefix.getUint32(12, true)) throw this.damaged(number, offset, "its checksum is wrong");
    if (prefix.getUint32(8, true) !== number)
      throw this.damaged(number, offset, `block ${prefix.getUint32(8, true)} stands in its place`);
    const type = prefix.getUint32(4, true);
    return { type, payload, end };
  }

  /** The error for a block whose content is not what it should be. */
  damaged(number: number, offset: number, what: string, cause?: unknown): MillraceError {
    return corruptFile(`${this.name}, block ${number} at byte ${offset}`, what, cause);
  }

  #checkHeader(content: Content): void {
    const header = viewOf(this.#file.read(0, CONTAINER_HEADER));
    if (header.getUint32(0, true) !== START_MAGIC)
      throw corruptFile(this.name, "it does not begin as a file of a checkpoint does");
    if (crc32(bytesOf(header, 12)) !== header.getUint32(12, true))
      throw corruptFile(this.name, "the checksum of its header is wrong");
    const version = header.getUint8(4);
    const format = header.getUint16(6, true);
    if (version !== CONTAINER_VERSION || format !== CHECKPOINT_FORMAT)
      throw otherFormat(this.name, `${format} (blocks ${version})`);
    const actual = header.getUint8(5);
    if (actual !== content) {
      const found = CONTENT_NAMES[actual as Content] ?? `content of kind ${actual}`;
      throw corruptFile(this.name, `expected ${CONTENT_NAMES[content]}, found ${found}`);
    }
  }

  #readTrailer(): { readonly offset: number; readonly number: number } {
    const at = this.#file.length - CONTAINER_TRAILER;
    const trailer = viewOf(this.#file.read(at, CONTAINER_TRAILER));
    if (trailer.getUint32(20, true) !== END_MAGIC)
      throw corruptFile(this.name, "it does not end as a file of a checkpoint does; was it cut?");
    if (crc32(bytesOf(trailer, 16)) !== trailer.getUint32(16, true))
      throw corruptFile(this.name, `the checksum of its trailer at byte ${at} is wrong`);
    return { offset: Number(trailer.getBigUint64(0, true)), number: trailer.getUint32(8, true) };
  }
}

function otherFormat(name: string, format: string): MillraceError {
  return new MillraceError(
    "RESTORE_REFUSED",
    `${name} was written in format ${format} of checkpoints, and this version of Millrace reads format ${CHECKPOINT_FORMAT} (blocks ${CONTAINER_VERSION})`,
    {
      help: "Restore it with the version of Millrace that wrote it, or take a savepoint with a version that both can read.",
      details: { file: name, format, expected: CHECKPOINT_FORMAT },
    },
  );
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(view: DataView, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, length);
}
