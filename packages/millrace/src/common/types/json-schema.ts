import { isPlainObject } from "./plain-object.ts";
import { MAX_MEMBERS } from "./parse-description.ts";
import type { FieldDescription, TypeDescription } from "./type-description.ts";

const ANY: TypeDescription = { kind: "any" };
const MAX_DEPTH = 50;

/**
 * The type that a JSON Schema (draft 2020-12) describes, as far as types go: patterns, bounds and formats stay with the
 * schema's own validation. What has no counterpart (references, open objects with named fields, intersections) is `any`.
 */
export function describeJsonSchema(schema: unknown, depth = 0): TypeDescription {
  if (!isPlainObject(schema) || depth > MAX_DEPTH) return ANY;
  if ("$ref" in schema || "allOf" in schema || "not" in schema) return ANY;
  if ("const" in schema) return literals([schema["const"]]);
  if (Array.isArray(schema["enum"])) return literals(schema["enum"]);
  const choices = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(choices)) return unionOf(choices.map((choice) => describeJsonSchema(choice, depth + 1)));
  const { type } = schema;
  if (Array.isArray(type))
    return unionOf(type.map((one) => describeJsonSchema({ ...schema, type: one }, depth + 1)));
  return describeOne(type, schema, depth);
}

function describeOne(
  type: unknown,
  schema: Readonly<Record<string, unknown>>,
  depth: number,
): TypeDescription {
  switch (type) {
    case "string":
    case "boolean":
    case "null":
      return { kind: type };
    case "integer":
      return { kind: "int" };
    case "number":
      return { kind: "double" };
    case "array":
      return describeArray(schema, depth);
    case "object":
      return describeObject(schema, depth);
    default:
      return ANY;
  }
}

function describeArray(schema: Readonly<Record<string, unknown>>, depth: number): TypeDescription {
  const prefix = schema["prefixItems"];
  if (!Array.isArray(prefix))
    return { kind: "array", element: describeJsonSchema(schema["items"], depth + 1) };
  const fixed = schema["items"] === false && schema["minItems"] === prefix.length;
  if (!fixed) return ANY;
  return { kind: "tuple", elements: prefix.map((item) => describeJsonSchema(item, depth + 1)) };
}

function describeObject(schema: Readonly<Record<string, unknown>>, depth: number): TypeDescription {
  const { properties, additionalProperties: others } = schema;
  const open = isPlainObject(others) || others === true;
  if (!isPlainObject(properties))
    return open ? { kind: "record", value: describeJsonSchema(others, depth + 1) } : ANY;
  if (open || "patternProperties" in schema) return ANY;
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly unknown[]) : [];
  const fields = Object.keys(properties).map((name): FieldDescription => {
    return {
      name,
      type: describeJsonSchema(properties[name], depth + 1),
      optional: !required.includes(name),
    };
  });
  return { kind: "object", fields };
}

function literals(values: readonly unknown[]): TypeDescription {
  return unionOf(
    values.map((value): TypeDescription => {
      if (value === null) return { kind: "null" };
      return ["string", "number", "boolean"].includes(typeof value)
        ? { kind: "literal", value: value as string | number | boolean }
        : ANY;
    }),
  );
}

function unionOf(types: readonly TypeDescription[]): TypeDescription {
  const members = types.filter((type) => type.kind !== "null");
  if (members.some((member) => member.kind === "any") || members.length > MAX_MEMBERS) return ANY;
  const [first] = members;
  if (first === undefined) return { kind: "null" };
  const element: TypeDescription = members.length === 1 ? first : { kind: "union", members };
  return members.length < types.length ? { kind: "nullable", element } : element;
}
