import type { FieldDescription, TypeDescription } from "./type-description.ts";
import { typesEqual } from "./types-equal.ts";

/** The type of no value: the element of an empty array. */
export const NEVER: TypeDescription = { kind: "union", members: [] };

const ANY: TypeDescription = { kind: "any" };

/** Whether this is the type of no value. */
export function isNever(type: TypeDescription): boolean {
  return type.kind === "union" && type.members.length === 0;
}

/**
 * The smallest type, of those that codecs treat well, that accepts the values of both: whole numbers and others make
 * `double`, null makes nullable, objects with the same fields are joined field by field. What has nothing in common is `any`.
 */
export function unifyDescriptions(a: TypeDescription, b: TypeDescription): TypeDescription {
  if (isNever(a) || typesEqual(a, b)) return b;
  if (isNever(b)) return a;
  if (a.kind === "any" || b.kind === "any") return ANY;
  if (a.kind === "null") return nullable(b);
  if (b.kind === "null") return nullable(a);
  if (a.kind === "nullable")
    return nullable(unifyDescriptions(a.element, b.kind === "nullable" ? b.element : b));
  if (b.kind === "nullable") return nullable(unifyDescriptions(a, b.element));
  if (isNumber(a) && isNumber(b)) return { kind: "double" };
  return unifySameKind(a, b);
}

/** The same type with every `int` a `double`. */
export function widenNumbers(type: TypeDescription): TypeDescription {
  switch (type.kind) {
    case "int":
      return { kind: "double" };
    case "nullable":
    case "array":
    case "set":
      return { ...type, element: widenNumbers(type.element) };
    case "record":
      return { ...type, value: widenNumbers(type.value) };
    case "map":
      return { ...type, key: widenNumbers(type.key), value: widenNumbers(type.value) };
    case "tuple":
      return { ...type, elements: type.elements.map(widenNumbers) };
    case "union":
      return { ...type, members: type.members.map(widenNumbers) };
    case "object":
      return { ...type, fields: type.fields.map((field) => ({ ...field, type: widenNumbers(field.type) })) };
    default:
      return type;
  }
}

function isNumber(type: TypeDescription): boolean {
  return type.kind === "int" || type.kind === "double";
}

function nullable(element: TypeDescription): TypeDescription {
  return element.kind === "any" || element.kind === "nullable" || element.kind === "null"
    ? element
    : { kind: "nullable", element };
}

function unifySameKind(a: TypeDescription, b: TypeDescription): TypeDescription {
  if (a.kind === "array" || a.kind === "set") {
    return b.kind === a.kind ? { kind: a.kind, element: unifyDescriptions(a.element, b.element) } : ANY;
  }
  if (a.kind === "map" && b.kind === "map") {
    return { kind: "map", key: unifyDescriptions(a.key, b.key), value: unifyDescriptions(a.value, b.value) };
  }
  if (a.kind === "tuple" && b.kind === "tuple" && a.elements.length === b.elements.length) {
    return {
      kind: "tuple",
      elements: a.elements.map((element, i) => unifyDescriptions(element, b.elements[i]!)),
    };
  }
  if (a.kind === "object" && b.kind === "object") return unifyObjects(a.fields, b.fields) ?? ANY;
  return ANY;
}

function unifyObjects(
  a: readonly FieldDescription[],
  b: readonly FieldDescription[],
): TypeDescription | undefined {
  if (!sameFieldNames(a, b)) return undefined;
  const types = new Map(b.map((field) => [field.name, field.type]));
  const fields = a.map((field) => ({
    ...field,
    type: unifyDescriptions(field.type, types.get(field.name)!),
  }));
  return { kind: "object", fields };
}

/** Whether two objects have the same fields, in whatever order. */
export function sameFieldNames(a: readonly FieldDescription[], b: readonly FieldDescription[]): boolean {
  const names = new Set(a.map((field) => field.name));
  return names.size === b.length && b.every((field) => names.has(field.name));
}
