import { MillraceError } from "../errors/millrace-error.ts";
import { fieldPath, isPlainObject, nameOfValue } from "./plain-object.ts";
import type { TypeDescription } from "./type-description.ts";
import { NEVER, unifyDescriptions } from "./unify-descriptions.ts";
import { isCarriedInstance } from "./validate-value.ts";

/** Objects with more fields are taken for dictionaries, whose names are data. */
const MAX_FIELDS = 100;
const MAX_DEPTH = 100;

/**
 * The type of a plain value, as seen from this one value: how records without declared type get a codec.
 *
 * Whole numbers are `int`, others `double`; lists of one kind are arrays, short mixed ones tuples; what is `undefined` or
 * mixed is `any`.
 *
 * @throws RECORD_TYPE_MISMATCH naming the path of what can't be carried: instances of classes, functions, symbols, cycles
 * @example `inferDescription({ id: 1, tags: ["a"] })` describes `{ id: int, tags: string[] }`
 */
export function inferDescription(value: unknown): TypeDescription {
  return infer(value, "", 0);
}

function infer(value: unknown, path: string, depth: number): TypeDescription {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return { kind: typeof value as "string" | "boolean" | "bigint" };
    case "number":
      return { kind: Number.isSafeInteger(value) ? "int" : "double" };
    case "undefined":
      return { kind: "any" };
    case "object":
      if (value === null) return { kind: "null" };
      if (depth >= MAX_DEPTH) throw refusal(path, `nested deeper than ${MAX_DEPTH} levels; is it cyclic?`);
      return inferObject(value, path, depth + 1);
    default:
      throw refusal(path, `${nameOfValue(value)} can't be carried`);
  }
}

function inferObject(value: object, path: string, depth: number): TypeDescription {
  if (Array.isArray(value)) return inferArray(value, path, depth);
  if (isPlainObject(value)) return inferFields(value, path, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Map.prototype) {
    const entries = [...(value as Map<unknown, unknown>)];
    return {
      kind: "map",
      key: unifyAll(entries.map(([key]) => infer(key, `${path}(a key)`, depth))),
      value: unifyAll(entries.map(([, item], i) => infer(item, `${path}[${i}]`, depth))),
    };
  }
  if (prototype === Set.prototype) {
    return {
      kind: "set",
      element: unifyAll([...(value as Set<unknown>)].map((item, i) => infer(item, `${path}[${i}]`, depth))),
    };
  }
  if (!isCarriedInstance(value)) throw refusal(path, `${nameOfValue(value)} can't be carried`);
  if (value instanceof Date) return { kind: Number.isNaN(value.getTime()) ? "any" : "date" };
  return { kind: prototype === Uint8Array.prototype ? "bytes" : "any" };
}

function inferArray(value: readonly unknown[], path: string, depth: number): TypeDescription {
  const elements = Array.from(value, (item, i) => infer(item, `${path}[${i}]`, depth));
  const element = unifyAll(elements);
  if (element.kind !== "any" || elements.length > 8) return { kind: "array", element };
  return { kind: "tuple", elements };
}

function inferFields(value: Record<string, unknown>, path: string, depth: number): TypeDescription {
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw refusal(path, "fields named by symbols can't be carried");
  const names = Object.keys(value);
  const fields = names.map((name) => ({
    name,
    type: infer(value[name], fieldPath(path, name), depth),
    optional: false,
  }));
  return names.length > MAX_FIELDS ? { kind: "any" } : { kind: "object", fields };
}

function unifyAll(types: readonly TypeDescription[]): TypeDescription {
  return types.reduce(unifyDescriptions, NEVER);
}

function refusal(path: string, what: string): MillraceError {
  return new MillraceError(
    "RECORD_TYPE_MISMATCH",
    `a record can't be carried: ${path === "" ? what : `${path}: ${what}`}`,
    {
      help: "Records are plain data: no functions, symbols or instances of classes. Declare a type with Types.custom for a class of your own.",
      details: { path },
    },
  );
}
