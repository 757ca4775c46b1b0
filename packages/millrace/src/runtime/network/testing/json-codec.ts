import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { ElementKind } from "../../../common/codec/frame-codec.ts";
import type { BlockDecoder, BlockEncoder, FrameCodec } from "../../../common/codec/frame-codec.ts";
import { NO_TIMESTAMP } from "../../../common/time/timestamps.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";

/** Bytes in front of an element's JSON: u8 kind, u32 length, f64 timestamp. */
const PREFIX = 13;

/** The plainest codec that keeps the contract, for tests of channels: values that JSON carries, one after the other. */
export const jsonCodec: FrameCodec<unknown> = {
  createEncoder: () => new JsonEncoder(),
  createDecoder: () => new JsonDecoder(),
};

class JsonEncoder implements BlockEncoder<unknown> {
  count = 0;
  size = 0;
  overflow: Buffer | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #room = 0;

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    this.#room = end - start;
    this.count = 0;
    this.size = 0;
    this.overflow = undefined;
  }

  writeRecord(value: unknown, timestamp: Timestamp): boolean {
    return this.#write(ElementKind.RECORD, Buffer.from(JSON.stringify(value)), timestamp);
  }

  writeWatermark(watermark: Timestamp): boolean {
    return this.#write(ElementKind.WATERMARK, Buffer.alloc(0), watermark);
  }

  finish(): number {
    return this.overflow === undefined ? this.size : -1;
  }

  #write(kind: number, text: Buffer, timestamp: Timestamp): boolean {
    const length = PREFIX + text.length;
    if (this.size + length > this.#room && this.count > 0) return false;
    if (length > this.#room) {
      this.overflow = Buffer.alloc(length);
      this.#bytes = this.overflow;
    }
    this.#bytes.writeUInt8(kind, this.size);
    this.#bytes.writeUInt32LE(text.length, this.size + 1);
    this.#bytes.writeDoubleLE(timestamp, this.size + 5);
    this.#bytes.set(text, this.size + PREFIX);
    this.size += length;
    this.count++;
    return true;
  }
}

class JsonDecoder implements BlockDecoder<unknown> {
  value: unknown = undefined;
  timestamp: Timestamp = NO_TIMESTAMP;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    this.#at = 0;
  }

  get left(): number {
    let left = 0;
    for (let at = this.#at; at < this.#bytes.length; left++) at += PREFIX + this.#bytes.readUInt32LE(at + 1);
    return left;
  }

  next(): ElementKind {
    if (this.#at === this.#bytes.length) return ElementKind.END;
    const kind = this.#bytes.readUInt8(this.#at);
    const length = this.#bytes.readUInt32LE(this.#at + 1);
    if (kind !== ElementKind.RECORD && kind !== ElementKind.WATERMARK) {
      throw new MillraceError("CODEC_CORRUPT", `expected an element at ${this.#at}, got kind ${kind}`);
    }
    this.timestamp = this.#bytes.readDoubleLE(this.#at + 5);
    this.#at += PREFIX;
    this.value =
      kind === ElementKind.RECORD
        ? JSON.parse(this.#bytes.toString("utf8", this.#at, this.#at + length))
        : undefined;
    this.#at += length;
    return kind;
  }
}
