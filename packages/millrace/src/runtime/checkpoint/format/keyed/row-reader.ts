import { ElementKind, type BlockDecoder, type FrameCodec } from "../../../../common/codec/frame-codec.ts";
import type { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { CheckedBlock } from "./part-blocks.ts";

/** Reads the rows of blocks, one block at a time. */
export class RowReader<R> {
  readonly #blocks: Iterator<CheckedBlock>;
  readonly #decoder: BlockDecoder<R>;
  readonly #explain: (error: unknown, block: CheckedBlock) => unknown;
  #block: CheckedBlock | undefined;
  #left = 0;

  /** @param explain makes the error for one that decoding threw */
  constructor(
    blocks: Iterable<CheckedBlock>,
    codec: FrameCodec<R>,
    explain: (error: unknown, block: CheckedBlock) => unknown,
  ) {
    this.#blocks = blocks[Symbol.iterator]();
    this.#decoder = codec.createDecoder();
    this.#explain = explain;
  }

  get row(): R {
    return this.#decoder.value;
  }

  get slot(): Timestamp {
    return this.#decoder.timestamp;
  }

  next(): boolean {
    for (;;) {
      if (this.#block !== undefined) {
        const kind = this.#decode(this.#block);
        if (kind === ElementKind.RECORD && this.#left-- > 0) return true;
        if (kind !== ElementKind.END || this.#left !== 0)
          throw this.damaged("it holds other rows than the index says");
      }
      if (!this.#nextBlock()) return false;
    }
  }

  damaged(what: string): MillraceError {
    // Rows are looked at while a block is open.
    return this.#block!.damaged(what);
  }

  #nextBlock(): boolean {
    const { done, value } = this.#blocks.next();
    if (done === true) {
      this.#block = undefined;
      return false;
    }
    this.#block = value;
    this.#left = value.rows;
    try {
      this.#decoder.reset(value.payload, 0, value.payload.length);
    } catch (error) {
      throw this.#explain(error, value);
    }
    return true;
  }

  #decode(block: CheckedBlock): ElementKind {
    try {
      return this.#decoder.next();
    } catch (error) {
      throw this.#explain(error, block);
    }
  }
}
