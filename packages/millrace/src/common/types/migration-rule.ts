import { describeType } from "./describe-type.ts";
import { fieldPath } from "./plain-object.ts";
import type { FieldDescription, TypeDescription } from "./type-description.ts";
import { typesEqual } from "./types-equal.ts";

/** What reading values of one type as another takes. */
export type Migration =
  /** Nothing. */
  | { readonly kind: "same" }
  /** Every old value is one of the new type; `changes` tells what is new. */
  | { readonly kind: "compatible"; readonly changes: readonly string[] }
  /** Not possible: `path` names the first field of which it is not, `reason` says why; `problems` has all of them. */
  | {
      readonly kind: "incompatible";
      readonly path: string;
      readonly reason: string;
      readonly problems: readonly MigrationProblem[];
    };

/** Why values of a field can't be read as another type; `path` is "" for the whole value. */
export interface MigrationProblem {
  readonly path: string;
  readonly reason: string;
}

/**
 * Whether values that were written as `from` (in a savepoint, say) can be read as `to`.
 *
 * Allowed: an optional field added, a field made optional, fields in another order; int to double; an element, or null,
 * to nullable; members added to a union; a custom type of a lower version; anything but custom types to any. All else is refused, since it
 * would lose or invent data.
 *
 * @example `migrationRule(int, double)` is `{ kind: "compatible", changes: ["int became double"] }`
 */
export function migrationRule(from: TypeDescription, to: TypeDescription): Migration {
  const changes: string[] = [];
  const problems = compare(from, to, "", changes);
  const [first] = problems;
  if (first !== undefined) return { kind: "incompatible", ...first, problems };
  return changes.length === 0 ? { kind: "same" } : { kind: "compatible", changes };
}

type Problems = readonly MigrationProblem[];

const NONE: Problems = Object.freeze([]);

function compare(from: TypeDescription, to: TypeDescription, path: string, changes: string[]): Problems {
  if (typesEqual(from, to)) return NONE;
  if (to.kind === "any")
    return holdsCustom(from) ? different(from, to, path) : changed(from, to, path, changes);
  if (to.kind === "nullable") return compareNullable(from, to, path, changes);
  if (to.kind === "union") return compareUnion(from, to, path, changes);
  switch (from.kind) {
    case "int":
      return to.kind === "double" ? changed(from, to, path, changes) : different(from, to, path);
    case "object":
      return to.kind === "object"
        ? compareFields(from.fields, to.fields, path, changes)
        : different(from, to, path);
    case "array":
    case "set":
      return to.kind === from.kind
        ? compare(from.element, to.element, `${path}[]`, changes)
        : different(from, to, path);
    case "record":
      return to.kind === "record"
        ? compare(from.value, to.value, `${path}[]`, changes)
        : different(from, to, path);
    case "map":
      if (to.kind !== "map") return different(from, to, path);
      return [
        ...compare(from.key, to.key, `${path}(a key)`, changes),
        ...compare(from.value, to.value, `${path}[]`, changes),
      ];
    case "tuple":
      if (to.kind !== "tuple" || to.elements.length !== from.elements.length)
        return different(from, to, path);
      return from.elements.flatMap((element, i) =>
        compare(element, to.elements[i]!, `${path}[${i}]`, changes),
      );
    case "custom":
      if (to.kind !== "custom" || to.name !== from.name) return different(from, to, path);
      if (from.version > to.version) {
        return problem(
          path,
          `${from.name} was written by version ${from.version}, which version ${to.version} can't read`,
        );
      }
      return changed(from, to, path, changes);
    default:
      return different(from, to, path);
  }
}

function compareNullable(
  from: TypeDescription,
  to: TypeDescription & { readonly kind: "nullable" },
  path: string,
  changes: string[],
): Problems {
  if (from.kind === "nullable") return compare(from.element, to.element, path, changes);
  if (from.kind === "null") return changed(from, to, path, changes);
  const problems = compare(from, to.element, path, changes);
  if (problems.length === 0) changes.push(at(path, "became nullable"));
  return problems;
}

function compareUnion(
  from: TypeDescription,
  to: TypeDescription & { readonly kind: "union" },
  path: string,
  changes: string[],
): Problems {
  const members = from.kind === "union" ? from.members : [from];
  const strangers = members.filter((member) =>
    to.members.every((candidate) => compare(member, candidate, path, []).length > 0),
  );
  if (strangers.length === 0) return changed(from, to, path, changes);
  return strangers.flatMap((member) =>
    problem(path, `${describeType(member)} is not a member of ${describeType(to)}`),
  );
}

function compareFields(
  from: readonly FieldDescription[],
  to: readonly FieldDescription[],
  path: string,
  changes: string[],
): Problems {
  const old = new Map(from.map((field) => [field.name, field]));
  const names = new Set(to.map((field) => field.name));
  const removed = from
    .filter((field) => !names.has(field.name))
    .flatMap(({ name }) => problem(fieldPath(path, name), "the field was removed, its data would be lost"));
  if (from.length === to.length && from.some((field, i) => field.name !== to[i]!.name))
    changes.push(at(path, "fields changed order"));
  const kept = to.flatMap((field) =>
    compareField(old.get(field.name), field, fieldPath(path, field.name), changes),
  );
  return [...removed, ...kept];
}

function compareField(
  from: FieldDescription | undefined,
  to: FieldDescription,
  path: string,
  changes: string[],
): Problems {
  if (from === undefined) {
    if (!to.optional) return problem(path, "a field was added that is not optional, old values have none");
    changes.push(at(path, "was added"));
    return NONE;
  }
  const lacking =
    from.optional && !to.optional ? problem(path, "the field was optional, old values may lack it") : NONE;
  if (to.optional && !from.optional) changes.push(at(path, "became optional"));
  return [...lacking, ...compare(from.type, to.type, path, changes)];
}

/** Whether values of this type may hold instances of classes, which `any` does not carry. */
function holdsCustom(type: TypeDescription): boolean {
  switch (type.kind) {
    case "custom":
      return true;
    case "nullable":
    case "array":
    case "set":
      return holdsCustom(type.element);
    case "record":
      return holdsCustom(type.value);
    case "map":
      return holdsCustom(type.key) || holdsCustom(type.value);
    case "tuple":
      return type.elements.some(holdsCustom);
    case "union":
      return type.members.some(holdsCustom);
    case "object":
      return type.fields.some((field) => holdsCustom(field.type));
    default:
      return false;
  }
}

function changed(from: TypeDescription, to: TypeDescription, path: string, changes: string[]): Problems {
  changes.push(at(path, `${describeType(from)} became ${describeType(to)}`));
  return NONE;
}

function different(from: TypeDescription, to: TypeDescription, path: string): Problems {
  return problem(path, `${describeType(from)} can't become ${describeType(to)}`);
}

function problem(path: string, reason: string): Problems {
  return [{ path, reason }];
}

function at(path: string, what: string): string {
  return path === "" ? what : `${path} ${what}`;
}
