import { isPlainObject, ownField } from "../types/plain-object.ts";
import type { TypeDescription } from "../types/type-description.ts";
import type { CustomCodec } from "../types/type-info.ts";
import { acceptsValue } from "../types/validate-value.ts";
import { WIDE } from "./block-layout.ts";
import { writeBigInt, writeBytes, writeCustom } from "./byte-values.ts";
import { writeLength, type RowSink } from "./row-sink.ts";
import { writeAny } from "./self-describing.ts";
import { presenceBytes, takesNoBytes } from "./type-layout.ts";

/** The codecs of the custom types, by name. */
export type Customs = ReadonlyMap<string, CustomCodec<unknown>>;

/**
 * Writes a value by walking its description: the readable reference for what generated code writes, and its stand-in
 * where code can't be generated. False when the value does not fit; what was written until then is void.
 */
export function interpretWrite(
  sink: RowSink,
  type: TypeDescription,
  customs: Customs,
  value: unknown,
): boolean {
  sink.reserve(0);
  switch (type.kind) {
    case "string":
      return typeof value === "string" && writeString(sink, value);
    case "boolean":
      return typeof value === "boolean" && writeByte(sink, value ? 1 : 0);
    case "int":
      return Number.isSafeInteger(value) && writeInt(sink, value as number);
    case "double":
      return typeof value === "number" && writeDouble(sink, value);
    case "timestamp":
      return Number.isFinite(value) && writeDouble(sink, value as number);
    case "date":
      return value instanceof Date && !Number.isNaN(value.getTime()) && writeDouble(sink, value.getTime());
    case "bigint":
      if (typeof value === "bigint") writeBigInt(sink, value);
      return typeof value === "bigint";
    case "bytes":
      if (value instanceof Uint8Array) writeBytes(sink, value);
      return value instanceof Uint8Array;
    case "null":
      return value === null;
    case "literal":
      return Object.is(value, type.value);
    case "any":
      return writeAny(sink, value);
    case "custom":
      return writeCustom(sink, customs.get(type.name), value);
    case "nullable":
      return value === null
        ? writeByte(sink, 0)
        : writeByte(sink, 1) && interpretWrite(sink, type.element, customs, value);
    case "object":
      return isPlainObject(value) && writeObject(sink, type, customs, value);
    case "union":
      return writeUnion(sink, type, customs, value);
    default:
      return writeCollection(sink, type, customs, value);
  }
}

function writeByte(sink: RowSink, byte: number): true {
  sink.rows[sink.position++] = byte;
  return true;
}

function writeString(sink: RowSink, value: string): true {
  writeLength(sink, value.length);
  sink.text += value;
  return true;
}

function writeInt(sink: RowSink, value: number): true {
  if ((value | 0) === value && value !== WIDE && !Object.is(value, -0)) {
    sink.view.setInt32(sink.position, value, true);
    sink.position += 4;
    return true;
  }
  sink.view.setInt32(sink.position, WIDE, true);
  sink.position += 4;
  return writeDouble(sink, value);
}

function writeDouble(sink: RowSink, value: number): true {
  sink.view.setFloat64(sink.position, value, true);
  sink.position += 8;
  return true;
}

type Kind<K extends TypeDescription["kind"]> = TypeDescription & { readonly kind: K };

function writeObject(
  sink: RowSink,
  type: Kind<"object">,
  customs: Customs,
  value: Record<string, unknown>,
): boolean {
  const presence = sink.position;
  const bits = presenceBytes(type.fields);
  sink.rows.fill(0, presence, presence + bits);
  sink.position += bits;
  let optional = 0;
  let present = 0;
  for (const field of type.fields) {
    const item = ownField(value, field.name);
    if (item !== undefined || Object.hasOwn(value, field.name)) present++;
    if (field.optional) {
      const bit = optional++;
      if (item === undefined) continue;
      const at = presence + (bit >> 3);
      sink.rows[at] = sink.rows[at]! | (1 << (bit & 7));
    } else if (item === undefined && !Object.hasOwn(value, field.name)) {
      return false;
    }
    if (!interpretWrite(sink, field.type, customs, item)) return false;
  }
  return Object.keys(value).length <= present;
}

function writeUnion(sink: RowSink, type: Kind<"union">, customs: Customs, value: unknown): boolean {
  const index = type.members.findIndex((description) => acceptsValue({ description, customs }, value));
  const member = type.members[index];
  return member !== undefined && writeByte(sink, index) && interpretWrite(sink, member, customs, value);
}

function writeCollection(
  sink: RowSink,
  type: Kind<"array" | "set" | "tuple" | "map" | "record">,
  customs: Customs,
  value: unknown,
): boolean {
  switch (type.kind) {
    case "tuple":
      return (
        Array.isArray(value) &&
        value.length === type.elements.length &&
        type.elements.every((element, i) => interpretWrite(sink, element, customs, value[i]))
      );
    case "array":
      return Array.isArray(value) && writeAll(sink, type.element, customs, value, value.length);
    case "set":
      return value instanceof Set && writeAll(sink, type.element, customs, value, value.size);
    case "map":
      return value instanceof Map && writeMap(sink, type, customs, value);
    case "record":
      return isPlainObject(value) && writeRecordFields(sink, type.value, customs, value);
  }
}

function writeAll(
  sink: RowSink,
  type: TypeDescription,
  customs: Customs,
  values: Iterable<unknown>,
  count: number,
): boolean {
  writeLength(sink, count);
  const padded = takesNoBytes(type);
  for (const value of values) {
    if (!interpretWrite(sink, type, customs, value)) return false;
    if (padded) writeByte(sink, 0);
  }
  return true;
}

function writeMap(
  sink: RowSink,
  type: Kind<"map">,
  customs: Customs,
  map: ReadonlyMap<unknown, unknown>,
): boolean {
  writeLength(sink, map.size);
  const padded = takesNoBytes(type.key) && takesNoBytes(type.value);
  for (const [key, value] of map) {
    if (!interpretWrite(sink, type.key, customs, key) || !interpretWrite(sink, type.value, customs, value))
      return false;
    if (padded) writeByte(sink, 0);
  }
  return true;
}

function writeRecordFields(
  sink: RowSink,
  type: TypeDescription,
  customs: Customs,
  value: Record<string, unknown>,
): boolean {
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  const names = Object.keys(value);
  writeLength(sink, names.length);
  for (const name of names) {
    sink.reserve(0);
    writeString(sink, name);
    if (!interpretWrite(sink, type, customs, value[name])) return false;
  }
  return true;
}
