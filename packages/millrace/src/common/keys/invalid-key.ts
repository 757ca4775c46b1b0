import { MillraceError } from "../errors/millrace-error.ts";
import { nameOfValue } from "../types/plain-object.ts";

/** The error for a value that can't be a key, or holds one that can't, at `path` inside the key. */
export function invalidKey(
  value: unknown,
  path: string,
  where: string,
  is: string = describe(value),
): MillraceError {
  const what = path === "" ? "key" : `key${path.startsWith("[") ? "" : "."}${path}`;
  const at = where === "" ? "" : ` (${where})`;
  return new MillraceError("INVALID_KEY", `${what} is ${is}${at}`, {
    help: help(value),
    details: { path, where },
  });
}

function describe(value: unknown): string {
  if (typeof value === "number") return "NaN";
  if (value instanceof Date) return "an invalid Date";
  return nameOfValue(value);
}

function help(value: unknown): string {
  if (value === undefined) {
    return "Every record needs a key: filter such records out before keyBy, or let the key selector return null for them.";
  }
  if (typeof value === "number")
    return "NaN equals nothing, itself included: filter such records out, or map them to a key of their own.";
  return "Keys are strings, numbers, booleans, bigints, null, Dates, and plain arrays and objects of these.";
}
