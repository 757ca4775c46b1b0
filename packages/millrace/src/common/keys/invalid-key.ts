import { MillraceError } from "../errors/millrace-error.ts";
import { fieldPath, isPlainObject, nameOfValue } from "../types/plain-object.ts";
import { MAX_KEY_DEPTH } from "./key-writer.ts";

/**
 * The error for a value that can't be a key, or holds one that can't.
 *
 * @param where told in the message, such as `operator "count"`
 */
export function invalidKey(key: unknown, where: string): MillraceError {
  const { path, value } = findInvalid(key, "", 0) ?? { path: "", value: key };
  const what = path === "" || path.startsWith("[") ? `key${path}` : `key.${path}`;
  const at = where === "" ? "" : ` (${where})`;
  return new MillraceError("INVALID_KEY", `${what} is ${describe(value)}${at}`, {
    help: help(value),
    details: { path, where },
  });
}

interface Culprit {
  readonly path: string;
  readonly value: unknown;
}

function findInvalid(key: unknown, path: string, depth: number): Culprit | undefined {
  if (typeof key === "number") return Number.isNaN(key) ? { path, value: key } : undefined;
  if (typeof key !== "object") return isPrimitiveKey(key) ? undefined : { path, value: key };
  if (key === null) return undefined;
  if (depth >= MAX_KEY_DEPTH) return { path: "", value: TOO_DEEP };
  if (Array.isArray(key)) return first(key, (item, i) => findInvalid(item, `${path}[${i}]`, depth + 1));
  if (key instanceof Date) return Number.isNaN(key.getTime()) ? { path, value: key } : undefined;
  if (!isPlainObject(key) || Object.getOwnPropertySymbols(key).length > 0) return { path, value: key };
  return first(Object.keys(key).sort(), (name) => findInvalid(key[name], fieldPath(path, name), depth + 1));
}

/** Stands for a value that nests too deep. */
const TOO_DEEP = Symbol("too deep");

function isPrimitiveKey(key: unknown): boolean {
  return typeof key === "string" || typeof key === "boolean" || typeof key === "bigint";
}

function first<T>(
  items: readonly T[],
  find: (item: T, i: number) => Culprit | undefined,
): Culprit | undefined {
  for (const [i, item] of items.entries()) {
    const found = find(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
}

function describe(value: unknown): string {
  if (value === TOO_DEEP) return `nested deeper than ${MAX_KEY_DEPTH} levels, or cyclic`;
  if (typeof value === "number") return "NaN";
  if (value instanceof Date) return "an invalid Date";
  if (isPlainObject(value)) return "an object with fields named by symbols";
  return nameOfValue(value);
}

function help(value: unknown): string {
  if (value === undefined) {
    return "Every record needs a key: filter such records out before keyBy, or let the key selector return null for them.";
  }
  if (typeof value === "number") {
    return "NaN equals nothing, itself included: filter such records out, or map them to a key of their own.";
  }
  return "Keys are strings, numbers, booleans, bigints, null, Dates, and plain arrays and objects of these.";
}
