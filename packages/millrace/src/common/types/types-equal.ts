import type { TypeDescription } from "./type-description.ts";

/** Whether two types are the same: same kinds, same fields in the same order, same custom versions. */
export function typesEqual(a: TypeDescription, b: TypeDescription): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case "literal":
      return b.kind === "literal" && Object.is(a.value, b.value);
    case "nullable":
    case "array":
    case "set":
      return b.kind === a.kind && typesEqual(a.element, b.element);
    case "record":
      return b.kind === "record" && typesEqual(a.value, b.value);
    case "tuple":
      return b.kind === "tuple" && allEqual(a.elements, b.elements);
    case "map":
      return b.kind === "map" && typesEqual(a.key, b.key) && typesEqual(a.value, b.value);
    case "object":
      return (
        b.kind === "object" &&
        a.fields.length === b.fields.length &&
        a.fields.every((field, i) => {
          const other = b.fields[i]!;
          return (
            field.name === other.name &&
            field.optional === other.optional &&
            typesEqual(field.type, other.type)
          );
        })
      );
    case "union":
      return b.kind === "union" && allEqual(a.members, b.members);
    case "custom":
      return b.kind === "custom" && a.name === b.name && a.version === b.version;
    default:
      return a.kind === b.kind;
  }
}

function allEqual(a: readonly TypeDescription[], b: readonly TypeDescription[]): boolean {
  return a.length === b.length && a.every((type, i) => typesEqual(type, b[i]!));
}
