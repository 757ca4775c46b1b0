import { isPlainObject, setOwnField } from "../types/plain-object.ts";
import { isCarriedInstance } from "../types/validate-value.ts";
import { MAX_DEPTH, ValueKind } from "./block-layout.ts";
import {
  readBigInt,
  readBytes,
  readRawBytes,
  writeBigInt,
  writeBytes,
  writeRawBytes,
} from "./byte-values.ts";
import { writeLength, type RowSink } from "./row-sink.ts";
import { corrupt, readCount, readLength, readText, type RowSource } from "./row-source.ts";

/** The typed arrays that are carried, by their code in the format. Never renumber. */
const TYPED_ARRAYS = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/**
 * Writes any plain data with its own description: one byte of kind, then the value. Carries exactly undefined, -0, NaN,
 * bigints, Dates, Maps, Sets, typed arrays and lone surrogates; a Buffer comes back as a Uint8Array, a hole of an array
 * as undefined.
 *
 * False when something in it can't be carried (a class instance, a function, a symbol, a cycle); what was written until
 * then is void, and `validateValue` with kind `any` names the place.
 */
export function writeAny(sink: RowSink, value: unknown, depth = 0): boolean {
  if (depth >= MAX_DEPTH) return false;
  sink.reserve(10);
  switch (typeof value) {
    case "string":
      return writeString(sink, value);
    case "number":
      return writeNumber(sink, value);
    case "boolean":
      return kind(sink, value ? ValueKind.TRUE : ValueKind.FALSE);
    case "undefined":
      return kind(sink, ValueKind.UNDEFINED);
    case "bigint":
      kind(sink, ValueKind.BIGINT);
      writeBigInt(sink, value);
      return true;
    case "object":
      return value === null ? kind(sink, ValueKind.NULL) : writeObject(sink, value, depth);
    default:
      return false;
  }
}

function kind(sink: RowSink, code: number): true {
  sink.rows[sink.position++] = code;
  return true;
}

function writeString(sink: RowSink, value: string): true {
  kind(sink, ValueKind.STRING);
  writeLength(sink, value.length);
  sink.text += value;
  return true;
}

function writeNumber(sink: RowSink, value: number): true {
  if ((value | 0) === value && !Object.is(value, -0)) {
    kind(sink, ValueKind.INT32);
    sink.view.setInt32(sink.position, value, true);
    sink.position += 4;
  } else {
    kind(sink, ValueKind.DOUBLE);
    sink.view.setFloat64(sink.position, value, true);
    sink.position += 8;
  }
  return true;
}

function writeObject(sink: RowSink, value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    kind(sink, ValueKind.ARRAY);
    return writeAll(sink, value, value.length, depth);
  }
  if (isPlainObject(value)) return writeFields(sink, value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Map.prototype) return writeMap(sink, value as Map<unknown, unknown>, depth);
  if (prototype === Set.prototype) {
    kind(sink, ValueKind.SET);
    return writeAll(sink, value as Set<unknown>, (value as Set<unknown>).size, depth);
  }
  return isCarriedInstance(value) && writeInstance(sink, value);
}

function writeFields(sink: RowSink, value: Record<string, unknown>, depth: number): boolean {
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  const names = Object.keys(value);
  kind(sink, ValueKind.OBJECT);
  writeLength(sink, names.length);
  for (const name of names) {
    sink.reserve(5);
    writeLength(sink, name.length);
    sink.text += name;
    if (!writeAny(sink, value[name], depth + 1)) return false;
  }
  return true;
}

function writeMap(sink: RowSink, value: ReadonlyMap<unknown, unknown>, depth: number): boolean {
  kind(sink, ValueKind.MAP);
  writeLength(sink, value.size);
  for (const [key, item] of value) {
    if (!writeAny(sink, key, depth + 1) || !writeAny(sink, item, depth + 1)) return false;
  }
  return true;
}

function writeAll(sink: RowSink, values: Iterable<unknown>, count: number, depth: number): boolean {
  writeLength(sink, count);
  for (const value of values) if (!writeAny(sink, value, depth + 1)) return false;
  return true;
}

function writeInstance(sink: RowSink, value: object): boolean {
  if (value instanceof Date) {
    kind(sink, ValueKind.DATE);
    sink.view.setFloat64(sink.position, value.getTime(), true);
    sink.position += 8;
  } else if (value instanceof Uint8Array) {
    kind(sink, ValueKind.BYTES);
    writeBytes(sink, value);
  } else if (value instanceof ArrayBuffer) {
    kind(sink, ValueKind.ARRAY_BUFFER);
    writeBytes(sink, new Uint8Array(value));
  } else {
    const array = value as InstanceType<(typeof TYPED_ARRAYS)[number]>;
    kind(sink, ValueKind.TYPED_ARRAY);
    kind(sink, TYPED_ARRAYS.indexOf(array.constructor as (typeof TYPED_ARRAYS)[number]));
    writeLength(sink, array.byteLength);
    writeRawBytes(sink, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return true;
}

/** Reads what `writeAny` wrote. */
export function readAny(source: RowSource, depth = 0): unknown {
  if (depth >= MAX_DEPTH) throw corrupt(source, `a value nested deeper than ${MAX_DEPTH} levels`);
  const code = source.view.getUint8(source.position++);
  switch (code) {
    case ValueKind.UNDEFINED:
      return undefined;
    case ValueKind.NULL:
      return null;
    case ValueKind.FALSE:
      return false;
    case ValueKind.TRUE:
      return true;
    case ValueKind.INT32:
      source.position += 4;
      return source.view.getInt32(source.position - 4, true);
    case ValueKind.DOUBLE:
      return readDouble(source);
    case ValueKind.STRING:
      return readText(source);
    case ValueKind.BIGINT:
      return readBigInt(source);
    case ValueKind.DATE:
      return new Date(readDouble(source));
    case ValueKind.BYTES:
      return readBytes(source);
    case ValueKind.ARRAY_BUFFER:
      return readBytes(source).buffer;
    case ValueKind.TYPED_ARRAY:
      return readTypedArray(source);
    default:
      return readCollection(source, code, depth);
  }
}

function readDouble(source: RowSource): number {
  source.position += 8;
  return source.view.getFloat64(source.position - 8, true);
}

function readTypedArray(source: RowSource): unknown {
  const Type = TYPED_ARRAYS[source.view.getUint8(source.position++)];
  const length = readLength(source);
  if (Type === undefined || length % Type.BYTES_PER_ELEMENT !== 0)
    throw corrupt(source, "an unknown typed array");
  return new Type(readRawBytes(source, length).buffer);
}

function readCollection(source: RowSource, code: number, depth: number): unknown {
  const count = readCount(source);
  switch (code) {
    case ValueKind.ARRAY: {
      const array: unknown[] = [];
      for (let i = 0; i < count; i++) array.push(readAny(source, depth + 1));
      return array;
    }
    case ValueKind.OBJECT: {
      const object = {};
      for (let i = 0; i < count; i++) setOwnField(object, readText(source), readAny(source, depth + 1));
      return object;
    }
    case ValueKind.MAP: {
      const map = new Map<unknown, unknown>();
      for (let i = 0; i < count; i++) map.set(readAny(source, depth + 1), readAny(source, depth + 1));
      return map;
    }
    case ValueKind.SET: {
      const set = new Set<unknown>();
      for (let i = 0; i < count; i++) set.add(readAny(source, depth + 1));
      return set;
    }
    default:
      throw corrupt(source, `unknown kind of value ${code}`);
  }
}
