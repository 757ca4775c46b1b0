import { MillraceError } from "../../common/errors/millrace-error.ts";
import { describeType } from "../../common/types/describe-type.ts";
import { isInheritedName, ownField } from "../../common/types/plain-object.ts";
import type { TypeDescription } from "../../common/types/type-description.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { parseIsoTimestamp } from "./iso-timestamp.ts";
import { reasonOf } from "./malformed-text.ts";
import { Mismatch, mismatch } from "./mismatch.ts";
import { recordMaker } from "./record-maker.ts";

/** Makes a value of the declared type out of what JSON holds; throws Mismatch. */
export type JsonConverter = (value: unknown) => unknown;

type Kind<K extends TypeDescription["kind"]> = TypeDescription & { readonly kind: K };

/**
 * A converter from parsed JSON to values of a type, which checks what comes. JSON has fewer types than records, so:
 * a timestamp may be a number or ISO 8601 text, a date the same, a bigint a number or digits, bytes are base64, a set is an
 * array, a map an array of pairs (or an object, where its keys are strings). Fields that the type doesn't declare are
 * dropped; an absent nullable field is null.
 *
 * @throws MillraceError INVALID_TYPE for types that JSON can't hold
 */
export function jsonConverter<T>(type: TypeInfo<T>): (value: unknown) => T {
  const validate = type.validate;
  if (validate !== undefined) {
    return (value) => {
      const result = validate(value);
      if (result.ok) return result.value;
      const [issue] = result.issues;
      throw new Mismatch(
        issue === undefined ? "not valid" : `${issue.path === "" ? "" : `${issue.path}: `}${issue.message}`,
      );
    };
  }
  return converter(type.description) as (value: unknown) => T;
}

function converter(type: TypeDescription): JsonConverter {
  switch (type.kind) {
    case "any":
      return (value) => (value === undefined ? fail("a value", value) : value);
    case "string":
      return (value) => (typeof value === "string" ? value : fail("string", value));
    case "boolean":
      return (value) => (typeof value === "boolean" ? value : fail("boolean", value));
    case "int":
      return (value) => (Number.isSafeInteger(value) ? value : fail("int", value));
    case "double":
      return (value) => (typeof value === "number" ? value : fail("double", value));
    case "timestamp":
      return (value) => timeOf(value) ?? fail("timestamp (ms since the epoch, or ISO 8601)", value);
    case "date":
      return (value) => new Date(timeOf(value) ?? fail("date (ISO 8601, or ms since the epoch)", value));
    case "bigint":
      return bigintOf;
    case "bytes":
      return bytesOf;
    case "null":
      return (value) => (value === null ? null : fail("null", value));
    case "literal":
      return (value) => (value === type.value ? value : fail(JSON.stringify(type.value), value));
    case "nullable":
      return nullable(type);
    case "object":
      return object(type);
    case "array":
    case "set":
      return array(type);
    case "tuple":
      return tuple(type);
    case "record":
      return record(type);
    case "map":
      return map(type);
    case "union":
      return union(type);
    case "custom":
      throw new MillraceError("INVALID_TYPE", `type ${type.name}: JSON can't hold values of a custom type`, {
        help: "Declare the fields as they stand in the file, and make the objects in a map.",
      });
  }
}

function fail(expected: string, value: unknown): never {
  throw mismatch(expected, value);
}

function timeOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  return typeof value === "string" ? parseIsoTimestamp(value) : undefined;
}

function bigintOf(value: unknown): bigint {
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (typeof value === "string" && /^-?\d+$/u.test(value)) return BigInt(value);
  return fail("bigint (a whole number, or digits as text)", value);
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/u.test(value))
    return fail("bytes (base64)", value);
  return new Uint8Array(Buffer.from(value, "base64"));
}

function nullable(type: Kind<"nullable">): JsonConverter {
  const element = converter(type.element);
  return (value) => (value === null || value === undefined ? null : element(value));
}

function object(type: Kind<"object">): JsonConverter {
  const names = type.fields.map((field) => field.name);
  const converters = type.fields.map((field) => {
    const convert = converter(field.type);
    return field.optional ? (value: unknown) => (value === undefined ? undefined : convert(value)) : convert;
  });
  const inherited = names.map(isInheritedName);
  const make = recordMaker(names);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return fail("an object", value);
    // Fresh for each: a nested object of the same type would use it meanwhile.
    const values: unknown[] = [];
    let i = 0;
    try {
      for (; i < names.length; i++) {
        const name = names[i]!;
        const item = inherited[i] === true ? ownField(value, name) : (value as Record<string, unknown>)[name];
        values.push(converters[i]!(item));
      }
    } catch (error) {
      throw error instanceof Mismatch ? error.below(names[i]!) : error;
    }
    return make(values);
  };
}

function array(type: Kind<"array" | "set">): JsonConverter {
  const element = converter(type.element);
  return (value) => {
    if (!Array.isArray(value)) return fail(describeType(type), value);
    const items = value.map((item, i) => at(i, element, item));
    return type.kind === "set" ? new Set(items) : items;
  };
}

function tuple(type: Kind<"tuple">): JsonConverter {
  const elements = type.elements.map(converter);
  return (value) => {
    if (!Array.isArray(value) || value.length !== elements.length) return fail(describeType(type), value);
    return elements.map((element, i) => at(i, element, value[i]));
  };
}

function record(type: Kind<"record">): JsonConverter {
  const element = converter(type.value);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return fail("an object", value);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, at(key, element, item)]));
  };
}

function map(type: Kind<"map">): JsonConverter {
  const key = converter(type.key);
  const element = converter(type.value);
  return (value) => {
    if (typeof value !== "object" || value === null) return fail(describeType(type), value);
    if (!Array.isArray(value)) {
      return new Map(
        Object.entries(value).map(([name, item]) => [at(name, key, name), at(name, element, item)]),
      );
    }
    return new Map(value.map((pair, i) => at(i, pairOf, pair) as [unknown, unknown]));
  };
  function pairOf(pair: unknown): [unknown, unknown] {
    if (!Array.isArray(pair) || pair.length !== 2) return fail("a pair [key, value]", pair);
    return [at(0, key, pair[0]), at(1, element, pair[1])];
  }
}

function union(type: Kind<"union">): JsonConverter {
  const members = type.members.map(converter);
  return (value) => {
    for (const member of members) {
      try {
        return member(value);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
      }
    }
    return fail(describeType(type), value);
  };
}

function at(step: string | number, convert: JsonConverter, value: unknown): unknown {
  try {
    return convert(value);
  } catch (error) {
    throw error instanceof Mismatch ? error.below(step) : error;
  }
}

/** Parses a line of JSON; the reason is the parser's own. */
export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    throw new Mismatch(`expected JSON: ${reasonOf(error)}`);
  }
}
