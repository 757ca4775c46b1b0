import type { CustomCodec } from "../types/type-info.ts";
import { writeLength, type RowSink } from "./row-sink.ts";
import { corrupt, readLength, readText, type RowSource } from "./row-source.ts";

/** Writes a length and these bytes. Makes its own room, as all of these do. */
export function writeBytes(sink: RowSink, bytes: Uint8Array): void {
  sink.reserve(5 + bytes.length);
  writeLength(sink, bytes.length);
  writeRawBytes(sink, bytes);
}

/** Writes bytes whose number the reader knows. */
export function writeRawBytes(sink: RowSink, bytes: Uint8Array): void {
  sink.reserve(bytes.length);
  sink.rows.set(bytes, sink.position);
  sink.position += bytes.length;
}

/** Reads what `writeBytes` wrote, into a buffer of its own. */
export function readBytes(source: RowSource): Uint8Array<ArrayBuffer> {
  return readRawBytes(source, readLength(source));
}

/** Reads `length` bytes into a buffer of their own. */
export function readRawBytes(source: RowSource, length: number): Uint8Array<ArrayBuffer> {
  if (!(length <= source.end - source.position))
    throw corrupt(source, `${length} bytes can't fit in the rest of the block`);
  const bytes = new Uint8Array(length);
  bytes.set(source.bytes.subarray(source.position, source.position + length));
  source.position += length;
  return bytes;
}

const SMALL = 0;
const LARGE = 1;

/** Writes a bigint: 0 and an i64, or 1 and its hexadecimal digits as a string (with a leading minus sign). */
export function writeBigInt(sink: RowSink, value: bigint): void {
  sink.reserve(9);
  if (BigInt.asIntN(64, value) === value) {
    sink.rows[sink.position] = SMALL;
    sink.view.setBigInt64(sink.position + 1, value, true);
    sink.position += 9;
  } else {
    const digits = value.toString(16);
    sink.rows[sink.position++] = LARGE;
    writeLength(sink, digits.length);
    sink.text += digits;
  }
}

/** Reads what `writeBigInt` wrote. */
export function readBigInt(source: RowSource): bigint {
  const size = source.view.getUint8(source.position++);
  if (size === SMALL) {
    source.position += 8;
    return source.view.getBigInt64(source.position - 8, true);
  }
  const digits = size === LARGE ? readText(source) : "";
  if (!/^-?[\da-f]+$/u.test(digits)) throw corrupt(source, "a bigint without digits");
  return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

/** Writes a custom type's value: a length and the bytes of its codec. False when the codec does not know the value. */
export function writeCustom(sink: RowSink, codec: CustomCodec<unknown> | undefined, value: unknown): boolean {
  if (codec === undefined || !codec.is(value)) return false;
  writeBytes(sink, codec.encode(value));
  return true;
}

/** Reads what `writeCustom` wrote, with the version that wrote it. */
export function readCustom(
  source: RowSource,
  codec: CustomCodec<unknown> | undefined,
  version: number,
): unknown {
  const bytes = readBytes(source);
  if (codec === undefined) throw corrupt(source, "a custom type whose codec is not known here");
  return codec.decode(bytes, version);
}
