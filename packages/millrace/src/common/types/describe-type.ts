import type { TypeDescription } from "./type-description.ts";

/**
 * A type in one readable line, for messages and documentation.
 *
 * @example `{ date: timestamp, delay: int, tail?: string }`
 */
export function describeType(type: TypeDescription): string {
  switch (type.kind) {
    case "literal":
      return JSON.stringify(type.value);
    case "nullable":
      return `${group(type.element)} | null`;
    case "array":
      return `${group(type.element)}[]`;
    case "set":
      return `set<${describeType(type.element)}>`;
    case "record":
      return `record<${describeType(type.value)}>`;
    case "map":
      return `map<${describeType(type.key)}, ${describeType(type.value)}>`;
    case "tuple":
      return `[${type.elements.map(describeType).join(", ")}]`;
    case "object":
      return type.fields.length === 0 ? "{}" : `{ ${type.fields.map(field).join(", ")} }`;
    case "union":
      return type.members.length === 0 ? "never" : type.members.map(group).join(" | ");
    case "custom":
      return type.version === 1 ? type.name : `${type.name}@${type.version}`;
    default:
      return type.kind;
  }
}

function field({ name, type, optional }: { name: string; type: TypeDescription; optional: boolean }): string {
  const shown = /^[\w$]+$/u.test(name) ? name : JSON.stringify(name);
  return `${shown}${optional ? "?" : ""}: ${describeType(type)}`;
}

function group(type: TypeDescription): string {
  const text = describeType(type);
  return type.kind === "nullable" || (type.kind === "union" && type.members.length > 1) ? `(${text})` : text;
}
