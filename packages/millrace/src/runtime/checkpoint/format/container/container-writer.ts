import { crc32 } from "node:zlib";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { CHECKPOINT_FORMAT } from "../checkpoint-metadata.ts";
import {
  BLOCK_PREFIX,
  CONTAINER_HEADER,
  CONTAINER_TRAILER,
  CONTAINER_VERSION,
  END_MAGIC,
  INDEX_BLOCK,
  START_MAGIC,
  type Content,
} from "./container-layout.ts";

/** Where bytes go, which are copied: a StateFileWriter is one. */
export interface ByteSink {
  write(bytes: Uint8Array): void;
}

const MAX_LENGTH = 0xffff_ffff;

/** Writes blocks under checksums: `container-layout.ts` draws them. */
export class ContainerWriter {
  /** Blocks so far. */
  count = 0;
  readonly #sink: ByteSink;
  #position = CONTAINER_HEADER;
  readonly #prefix = Buffer.alloc(BLOCK_PREFIX);

  constructor(sink: ByteSink, content: Content) {
    this.#sink = sink;
    const header = Buffer.alloc(CONTAINER_HEADER);
    header.writeUInt32LE(START_MAGIC, 0);
    header[4] = CONTAINER_VERSION;
    header[5] = content;
    header.writeUInt16LE(CHECKPOINT_FORMAT, 6);
    header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
    sink.write(header);
  }

  /** Appends a block. @returns the bytes that it takes, its prefix included */
  block(type: number, payload: Uint8Array): number {
    if (payload.length > MAX_LENGTH) {
      throw new MillraceError(
        "CHECKPOINT_FAILED",
        `a part of the checkpoint has ${payload.length} bytes, more than fit into a block`,
        {
          help: "Let state go to files (execution.checkpointing.dir) instead of the memory of the job's master.",
        },
      );
    }
    const prefix = this.#prefix;
    prefix.writeUInt32LE(payload.length, 0);
    prefix.writeUInt32LE(type, 4);
    prefix.writeUInt32LE(this.count++, 8);
    prefix.writeUInt32LE(crc32(payload, crc32(prefix.subarray(0, 12))), 12);
    this.#sink.write(prefix);
    this.#sink.write(payload);
    this.#position += BLOCK_PREFIX + payload.length;
    return BLOCK_PREFIX + payload.length;
  }

  /** Ends the container with its index. */
  finish(index: Uint8Array): void {
    const offset = this.#position;
    const number = this.count;
    this.block(INDEX_BLOCK, index);
    const trailer = Buffer.alloc(CONTAINER_TRAILER);
    trailer.writeBigUInt64LE(BigInt(offset), 0);
    trailer.writeUInt32LE(number, 8);
    trailer.writeUInt32LE(crc32(trailer.subarray(0, 16)), 16);
    trailer.writeUInt32LE(END_MAGIC, 20);
    this.#sink.write(trailer);
  }
}
