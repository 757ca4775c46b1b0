import type { FieldDescription, TypeDescription } from "../types/type-description.ts";

/**
 * The bytes of all fixed parts of a value of this type, each counted once, however often it repeats: what `RowSink`
 * keeps free, so that only loops and values of variable length need to ask for room.
 */
export function fixedBytes(type: TypeDescription): number {
  switch (type.kind) {
    case "string":
      return 5;
    case "boolean":
      return 1;
    case "int":
      return 12;
    case "double":
    case "timestamp":
    case "date":
      return 8;
    case "nullable":
      return 1 + fixedBytes(type.element);
    case "array":
    case "set":
      return 6 + fixedBytes(type.element);
    case "record":
      return 10 + fixedBytes(type.value);
    case "map":
      return 6 + fixedBytes(type.key) + fixedBytes(type.value);
    case "tuple":
      return sum(type.elements);
    case "object":
      return presenceBytes(type.fields) + sum(type.fields.map((field) => field.type));
    case "union":
      return 1 + Math.max(0, ...type.members.map(fixedBytes));
    default:
      return 0;
  }
}

/**
 * Whether values of this type take no bytes at all. In a collection each of them is followed by a zero byte, so that a
 * count can be checked against the bytes that are left.
 */
export function takesNoBytes(type: TypeDescription): boolean {
  switch (type.kind) {
    case "literal":
    case "null":
      return true;
    case "tuple":
      return type.elements.every(takesNoBytes);
    case "object":
      return type.fields.every((field) => !field.optional && takesNoBytes(field.type));
    default:
      return false;
  }
}

/** Bytes of the bits, in front of an object's fields, that tell which optional ones are there. */
export function presenceBytes(fields: readonly FieldDescription[]): number {
  return Math.ceil(fields.filter((field) => field.optional).length / 8);
}

/**
 * The required literal field by which the members of a union of objects can be told apart: same name in all, each with
 * another value. Undefined where there is none. Only one member can accept a value then, so looking at that field first
 * picks the same member as trying them in order.
 */
export function discriminator(members: readonly TypeDescription[]): string | undefined {
  const [first] = members;
  if (members.length < 2 || first?.kind !== "object") return undefined;
  return first.fields.map((field) => field.name).find((name) => discriminates(name, members));
}

function discriminates(name: string, members: readonly TypeDescription[]): boolean {
  const values = new Set<unknown>();
  for (const member of members) {
    const field =
      member.kind === "object" ? member.fields.find((candidate) => candidate.name === name) : undefined;
    if (field === undefined || field.optional || field.type.kind !== "literal") return false;
    values.add(field.type.value);
  }
  return values.size === members.length;
}

/** The value by which `member` is told apart in its union. */
export function discriminatorValue(name: string, member: TypeDescription): string | number | boolean {
  const field =
    member.kind === "object" ? member.fields.find((candidate) => candidate.name === name) : undefined;
  return field?.type.kind === "literal" ? field.type.value : "";
}

/** Whether a union is an enumeration: literals only. */
export function isEnumeration(type: TypeDescription): boolean {
  return type.kind === "union" && type.members.every((member) => member.kind === "literal");
}

function sum(types: readonly TypeDescription[]): number {
  return types.reduce((bytes, type) => bytes + fixedBytes(type), 0);
}
