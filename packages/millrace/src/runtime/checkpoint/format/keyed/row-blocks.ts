import type { BlockEncoder, FrameCodec } from "../../../../common/codec/frame-codec.ts";

/** Bytes of a block of rows, usually. */
const BLOCK_SIZE = 64 * 1024;

/** Takes a full block. The bytes are used again. */
export type EmitBlock = (payload: Uint8Array, rows: number) => void;

/** Gathers rows in blocks. */
export class RowBlocks<R> {
  readonly #encoder: BlockEncoder<R>;
  readonly #emit: EmitBlock;
  readonly #size: number;
  #buffer: Uint8Array | undefined;
  #open = false;

  /** @param size bytes of a block; a row that is larger has a block of its own */
  constructor(codec: FrameCodec<R>, emit: EmitBlock, size: number = BLOCK_SIZE) {
    this.#encoder = codec.createEncoder();
    this.#emit = emit;
    this.#size = size;
  }

  /** @param slot the row's time, or -Infinity */
  write(row: R, slot: number): void {
    if (!this.#open) this.#begin();
    if (this.#encoder.writeRecord(row, slot)) return;
    this.flush();
    this.#begin();
    this.#encoder.writeRecord(row, slot);
  }

  /** Emits what was gathered. */
  flush(): void {
    if (!this.#open) return;
    this.#open = false;
    const { count } = this.#encoder;
    const length = this.#encoder.finish();
    if (count === 0) return;
    this.#emit(length < 0 ? this.#encoder.overflow! : this.#buffer!.subarray(0, length), count);
  }

  #begin(): void {
    this.#buffer ??= new Uint8Array(this.#size);
    this.#encoder.begin(this.#buffer, 0, this.#buffer.length);
    this.#open = true;
  }
}
