import type { TypeInfo } from "../types/type-info.ts";
import type { Timestamp } from "../time/timestamps.ts";
import { RowKind } from "./block-layout.ts";
import { BlockReader } from "./block-reader.ts";
import { BlockWriter } from "./block-writer.ts";
import { ElementKind, type BlockDecoder, type BlockEncoder, type FrameCodec } from "./frame-codec.ts";
import { interpretRead } from "./interpret-read.ts";
import { interpretWrite } from "./interpret-write.ts";
import { recordMismatch } from "./record-mismatch.ts";
import { fixedBytes } from "./type-layout.ts";

/** The codec of a declared type that walks the description: same bytes as the generated one, some twenty times slower. */
export function createInterpretedCodec<T>(type: TypeInfo<T>): FrameCodec<T> {
  return {
    createEncoder: () => new InterpretedEncoder(type),
    createDecoder: () => new InterpretedDecoder(type),
  };
}

class InterpretedEncoder<T> extends BlockWriter implements BlockEncoder<T> {
  readonly #type: TypeInfo<T>;

  constructor(type: TypeInfo<T>) {
    super(fixedBytes(type.description));
    this.#type = type;
  }

  writeRecord(value: T, timestamp: Timestamp): boolean {
    this.rewind();
    this.reserve(0);
    this.writePrefix(timestamp, 0);
    const { description, customs } = this.#type;
    if (!interpretWrite(this, description, customs, value)) throw recordMismatch(this.#type, value);
    return this.commit(timestamp);
  }
}

class InterpretedDecoder<T> extends BlockReader<T> implements BlockDecoder<T> {
  readonly #type: TypeInfo<T>;

  constructor(type: TypeInfo<T>) {
    super();
    this.#type = type;
  }

  next(): ElementKind {
    if (this.left === 0) return this.ended();
    try {
      this.left--;
      const kind = this.view.getUint8(this.position++);
      if (kind > RowKind.RECORD_DELTA) return this.readWatermark(kind);
      this.timestamp = this.readTimestamp(kind);
      this.value = interpretRead(this, this.#type.description, this.#type.customs) as T;
      this.checkEnds();
      return ElementKind.RECORD;
    } catch (error) {
      throw this.damaged(error);
    }
  }
}
