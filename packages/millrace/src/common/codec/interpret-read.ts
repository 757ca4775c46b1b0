import { setOwnField } from "../types/plain-object.ts";
import type { TypeDescription } from "../types/type-description.ts";
import { WIDE } from "./block-layout.ts";
import { readBigInt, readBytes, readCustom } from "./byte-values.ts";
import type { Customs } from "./interpret-write.ts";
import { corrupt, readCount, readText, type RowSource } from "./row-source.ts";
import { readAny } from "./self-describing.ts";
import { presenceBytes, takesNoBytes } from "./type-layout.ts";

/** Reads a value by walking its description: the counterpart of `interpretWrite`. */
export function interpretRead(source: RowSource, type: TypeDescription, customs: Customs): unknown {
  switch (type.kind) {
    case "string":
      return readText(source);
    case "boolean":
      return readFlag(source);
    case "int":
      return readInt(source);
    case "double":
      return readDouble(source);
    case "timestamp":
      return readTimestamp(source);
    case "date":
      return readDate(source);
    case "bigint":
      return readBigInt(source);
    case "bytes":
      return readBytes(source);
    case "null":
      return null;
    case "literal":
      return type.value;
    case "any":
      return readAny(source);
    case "custom":
      return readCustom(source, customs.get(type.name), type.version);
    case "nullable":
      return readFlag(source) ? interpretRead(source, type.element, customs) : null;
    case "object":
      return readObject(source, type, customs);
    case "union": {
      const index = source.view.getUint8(source.position++);
      const member = type.members[index];
      if (member === undefined) throw corrupt(source, `the union has no member ${index}`);
      return interpretRead(source, member, customs);
    }
    default:
      return readCollection(source, type, customs);
  }
}

/** Reads a byte that is 0 or 1. */
export function readFlag(source: RowSource): boolean {
  const flag = source.view.getUint8(source.position++);
  if (flag > 1) throw corrupt(source, `expected 0 or 1, got ${flag}`);
  return flag === 1;
}

function readInt(source: RowSource): number {
  const value = source.view.getInt32(source.position, true);
  source.position += 4;
  if (value !== WIDE) return value;
  const wide = readDouble(source);
  if (!Number.isSafeInteger(wide)) throw corrupt(source, `an int that is ${wide}`);
  return wide;
}

function readTimestamp(source: RowSource): number {
  const time = readDouble(source);
  if (!Number.isFinite(time)) throw corrupt(source, `a timestamp that is ${time}`);
  return time;
}

function readDate(source: RowSource): Date {
  const date = new Date(readDouble(source));
  if (Number.isNaN(date.getTime())) throw corrupt(source, "an invalid date");
  return date;
}

function readDouble(source: RowSource): number {
  source.position += 8;
  return source.view.getFloat64(source.position - 8, true);
}

type Kind<K extends TypeDescription["kind"]> = TypeDescription & { readonly kind: K };

function readObject(source: RowSource, type: Kind<"object">, customs: Customs): object {
  const presence = source.position;
  source.position += presenceBytes(type.fields);
  const object = {};
  let optional = 0;
  for (const field of type.fields) {
    if (field.optional) {
      const bit = optional++;
      if ((source.view.getUint8(presence + (bit >> 3)) & (1 << (bit & 7))) === 0) continue;
    }
    setOwnField(object, field.name, interpretRead(source, field.type, customs));
  }
  return object;
}

function readCollection(
  source: RowSource,
  type: Kind<"array" | "set" | "tuple" | "map" | "record">,
  customs: Customs,
): unknown {
  if (type.kind === "tuple") return type.elements.map((element) => interpretRead(source, element, customs));
  const count = readCount(source);
  switch (type.kind) {
    case "array":
      return readAll(source, type.element, customs, count);
    case "set":
      return new Set(readAll(source, type.element, customs, count));
    case "map": {
      const map = new Map<unknown, unknown>();
      const padded = takesNoBytes(type.key) && takesNoBytes(type.value);
      for (let i = 0; i < count; i++) {
        map.set(interpretRead(source, type.key, customs), interpretRead(source, type.value, customs));
        if (padded) source.position++;
      }
      return map;
    }
    case "record": {
      const record = {};
      for (let i = 0; i < count; i++)
        setOwnField(record, readText(source), interpretRead(source, type.value, customs));
      return record;
    }
  }
}

function readAll(source: RowSource, type: TypeDescription, customs: Customs, count: number): unknown[] {
  const values: unknown[] = [];
  const padded = takesNoBytes(type);
  for (let i = 0; i < count; i++) {
    values.push(interpretRead(source, type, customs));
    if (padded) source.position++;
  }
  return values;
}
