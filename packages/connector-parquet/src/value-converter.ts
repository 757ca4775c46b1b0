import { describeType, MillraceError, type TypeDescription } from "millrace";
import { BadValue, badValue } from "./bad-value.ts";

/** Makes a value of the declared type out of one that hyparquet decoded; a BadValue where it can't. Null is one that is missing. */
export type ValueConverter = (value: unknown) => unknown;

type Kind<K extends TypeDescription["kind"]> = TypeDescription & { readonly kind: K };

/**
 * A converter to a declared type. 64-bit integers become numbers where an int or double is declared, times ms since the epoch or
 * Dates.
 *
 * @param column for the error message
 * @throws MillraceError INVALID_TYPE for types that Parquet columns can't become
 */
export function valueConverter(type: TypeDescription, column: string): ValueConverter {
  switch (type.kind) {
    case "nullable": {
      const convert = valueConverter(type.element, column);
      return (value) => (value === null || value === undefined ? null : convert(value));
    }
    case "any":
      return (value) => value ?? null;
    case "null":
      return (value) => (value === null || value === undefined ? null : badValue("null", value));
    default: {
      const convert = presentValue(type, column);
      const expected = describeType(type);
      return (value) => (value === null || value === undefined ? badValue(expected, null) : convert(value));
    }
  }
}

function presentValue(type: TypeDescription, column: string): ValueConverter {
  switch (type.kind) {
    case "string":
      return (value) => (typeof value === "string" ? value : badValue("string", value));
    case "boolean":
      return (value) => (typeof value === "boolean" ? value : badValue("boolean", value));
    case "int":
      return intOf;
    case "double":
      return (value) => {
        if (typeof value === "number") return value;
        return typeof value === "bigint" ? Number(value) : badValue("double", value);
      };
    case "bigint":
      return bigintOf;
    case "timestamp":
      return (value) => timeOf(value) ?? badValue("timestamp", value);
    case "date":
      return (value) => {
        const time = timeOf(value);
        return time === undefined ? badValue("date", value) : new Date(time);
      };
    case "bytes":
      return (value) => (value instanceof Uint8Array ? value.slice() : badValue("bytes", value));
    case "literal":
      return (value) => {
        const plain = typeof value === "bigint" ? Number(value) : value;
        return plain === type.value ? plain : badValue(describeType(type), value);
      };
    case "array":
      return arrayOf(type, column);
    case "object":
      return objectOf(type, column);
    case "record":
      return recordOf(type, column);
    case "union":
      return unionOf(type, column);
    default:
      throw new MillraceError(
        "INVALID_TYPE",
        `column ${column}: a Parquet column can't be read as ${describeType(type)}`,
        {
          help: "Declare what the file holds, and make other values of it in a map.",
          details: { column },
        },
      );
  }
}

function intOf(value: unknown): unknown {
  if (typeof value === "bigint") {
    const n = Number(value);
    if (Number.isSafeInteger(n)) return n;
    return new BadValue(`expected int (at most 2^53 - 1), got ${value}: declare the column as bigint`);
  }
  return Number.isSafeInteger(value) ? value : badValue("int", value);
}

function bigintOf(value: unknown): unknown {
  if (typeof value === "bigint") return value;
  return Number.isSafeInteger(value) ? BigInt(value as number) : badValue("bigint", value);
}

/** Times are decoded to numbers; integers without a logical type count as ms. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "bigint") return Number(value);
  return value instanceof Date ? value.getTime() : undefined;
}

function arrayOf(type: Kind<"array" | "set">, column: string): ValueConverter {
  const element = valueConverter(type.element, column);
  return (value) => {
    if (!Array.isArray(value)) return badValue(describeType(type), value);
    const items: unknown[] = value.map(element);
    return items.find((item) => item instanceof BadValue) ?? items;
  };
}

function objectOf(type: Kind<"object">, column: string): ValueConverter {
  const fields = type.fields.map(({ name, type: fieldType, optional }) => ({
    name,
    optional,
    convert: valueConverter(fieldType, `${column}.${name}`),
  }));
  return (value) => {
    if (typeof value !== "object" || value === null) return badValue(describeType(type), value);
    const record: Record<string, unknown> = {};
    for (const { name, optional, convert } of fields) {
      const item = (value as Record<string, unknown>)[name];
      if (optional && (item === null || item === undefined)) continue;
      const converted = convert(item);
      if (converted instanceof BadValue) return new BadValue(`${name}: ${converted.message}`);
      record[name] = converted;
    }
    return record;
  };
}

function recordOf(type: Kind<"record">, column: string): ValueConverter {
  const element = valueConverter(type.value, column);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return badValue(describeType(type), value);
    const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, element(item)]);
    const bad = entries.find(([, item]) => item instanceof BadValue);
    return bad === undefined ? Object.fromEntries(entries) : bad[1];
  };
}

function unionOf(type: Kind<"union">, column: string): ValueConverter {
  const members = type.members.map((member) => valueConverter(member, column));
  return (value) => {
    for (const member of members) {
      const converted = member(value);
      if (!(converted instanceof BadValue)) return converted;
    }
    return badValue(describeType(type), value);
  };
}
