import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";
import type { FieldDescription, TypeDescription } from "./type-description.ts";

const LEAVES: ReadonlySet<unknown> = new Set(
  ["string", "boolean", "int", "double", "bigint", "timestamp", "date", "bytes", "null", "any"].values(),
);
const MAX_DEPTH = 100;
/** Members of a union are counted by one byte. */
export const MAX_MEMBERS = 250;

/**
 * A TypeDescription from JSON that came from outside: checked, and rebuilt with nothing but what belongs to it.
 *
 * @throws INVALID_TYPE naming the path of what is wrong
 */
export function parseDescription(json: unknown): TypeDescription {
  return parse(json, "type", 0);
}

function parse(json: unknown, path: string, depth: number): TypeDescription {
  if (typeof json !== "object" || json === null) throw invalid(path, "expected an object");
  if (depth > MAX_DEPTH) throw invalid(path, `nested deeper than ${MAX_DEPTH} levels`);
  const type = json as Readonly<Record<string, unknown>>;
  const inner = (name: string): TypeDescription => parse(type[name], `${path}.${name}`, depth + 1);
  const list = (name: string): TypeDescription[] =>
    items(type[name], `${path}.${name}`).map((item, i) => parse(item, `${path}.${name}[${i}]`, depth + 1));
  const kind = type["kind"];
  switch (kind) {
    case "literal":
      return { kind, value: literal(type["value"], path) };
    case "nullable":
    case "array":
    case "set":
      return { kind, element: inner("element") };
    case "record":
      return { kind, value: inner("value") };
    case "map":
      return { kind, key: inner("key"), value: inner("value") };
    case "tuple":
      return { kind, elements: list("elements") };
    case "union": {
      const members = list("members");
      if (members.length > MAX_MEMBERS) throw invalid(path, `a union of more than ${MAX_MEMBERS} members`);
      return { kind, members };
    }
    case "object":
      return { kind, fields: parseFields(type["fields"], path, depth) };
    case "custom": {
      const { name, version } = type;
      if (typeof name !== "string" || !Number.isSafeInteger(version))
        throw invalid(path, "a custom type has a name and a version");
      return { kind, name, version: version as number };
    }
    default:
      if (!LEAVES.has(kind)) throw invalid(path, `unknown kind ${preview(kind)}`);
      return { kind: kind as "any" };
  }
}

function parseFields(json: unknown, path: string, depth: number): FieldDescription[] {
  const seen = new Set<string>();
  return items(json, `${path}.fields`).map((item, i) => {
    const at = `${path}.fields[${i}]`;
    if (typeof item !== "object" || item === null) throw invalid(at, "expected an object");
    const { name, type, optional } = item as { name?: unknown; type?: unknown; optional?: unknown };
    if (typeof name !== "string" || typeof optional !== "boolean")
      throw invalid(at, "a field has a name, a type and optional");
    if (seen.has(name)) throw invalid(at, `a second field ${JSON.stringify(name)}`);
    seen.add(name);
    return { name, type: parse(type, `${at}.type`, depth + 1), optional };
  });
}

function items(json: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(json)) throw invalid(path, "expected an array");
  return json;
}

function literal(value: unknown, path: string): string | number | boolean {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw invalid(path, "a literal is a string, number or boolean");
}

function invalid(path: string, what: string): MillraceError {
  return new MillraceError("INVALID_TYPE", `not a type description: ${path}: ${what}`);
}
