import { preview } from "../errors/preview.ts";
import { describeType } from "./describe-type.ts";
import { fieldPath, isPlainObject, nameOfValue, ownField } from "./plain-object.ts";
import type { TypeDescription } from "./type-description.ts";
import type { CustomCodec, TypeInfo } from "./type-info.ts";

/** What is wrong with a value, and where: `user.tags[3]`; the value itself has the path "". */
export interface ValueIssue {
  readonly path: string;
  readonly message: string;
}

/** No more issues than this are gathered for one value. */
const MAX_ISSUES = 20;
/** Deeper values are refused: they are cyclic more often than meant. */
const MAX_DEPTH = 100;

/**
 * Checks a value against a type and tells what does not fit; an empty list when it fits. Fields that an object type does
 * not declare are issues, too: no codec would carry them. Only the description and the custom types' `is` count; a foreign
 * schema's own rules are in `TypeInfo.validate`.
 *
 * @example
 * ```ts
 * validateValue(Types.object({ tags: Types.array(Types.int) }), { tags: [1, "x"] });
 * // [{ path: "tags[1]", message: 'expected int, got "x"' }]
 * ```
 */
export function validateValue(
  type: Pick<TypeInfo<unknown>, "description" | "customs">,
  value: unknown,
): readonly ValueIssue[] {
  const issues: ValueIssue[] = [];
  check(type.description, value, "", { customs: type.customs, issues, depth: 0 });
  return issues;
}

/** Whether a value fits a type: `validateValue` without the reasons. */
export function acceptsValue(
  type: Pick<TypeInfo<unknown>, "description" | "customs">,
  value: unknown,
): boolean {
  return fits(type.description, value, { customs: type.customs, issues: [], depth: 0 });
}

/** An issue as one text: `user.tags[3]: expected int, got "x"`. */
export function describeIssue(issue: ValueIssue): string {
  return issue.path === "" ? issue.message : `${issue.path}: ${issue.message}`;
}

interface Context {
  readonly customs: ReadonlyMap<string, CustomCodec<unknown>>;
  readonly issues: ValueIssue[];
  depth: number;
}

function fits(type: TypeDescription, value: unknown, context: Context): boolean {
  const probe: Context = { customs: context.customs, issues: [], depth: context.depth };
  check(type, value, "", probe);
  return probe.issues.length === 0;
}

function expected(type: TypeDescription, value: unknown, path: string, context: Context): void {
  add(context, path, `expected ${describeType(type)}, got ${preview(value)}`);
}

function add(context: Context, path: string, message: string): void {
  if (context.issues.length < MAX_ISSUES) context.issues.push({ path, message });
}

function check(type: TypeDescription, value: unknown, path: string, context: Context): void {
  if (context.depth >= MAX_DEPTH)
    return add(context, path, `nested deeper than ${MAX_DEPTH} levels; is it cyclic?`);
  context.depth++;
  checkKind(type, value, path, context);
  context.depth--;
}

function checkKind(type: TypeDescription, value: unknown, path: string, context: Context): void {
  switch (type.kind) {
    case "any":
      return checkAny(value, path, context);
    case "nullable":
      return value === null ? undefined : check(type.element, value, path, context);
    case "object":
      return checkObject(type, value, path, context);
    case "array":
      if (!Array.isArray(value)) return expected(type, value, path, context);
      for (let i = 0; i < value.length; i++) check(type.element, value[i], `${path}[${i}]`, context);
      return;
    case "tuple":
      if (!Array.isArray(value) || value.length !== type.elements.length)
        return expected(type, value, path, context);
      return type.elements.forEach((element, i) => check(element, value[i], `${path}[${i}]`, context));
    case "set":
      return checkSet(type, value, path, context);
    case "map":
      return checkMap(type, value, path, context);
    case "record":
      if (!isPlainObject(value)) return expected(type, value, path, context);
      for (const name of Object.keys(value)) check(type.value, value[name], fieldPath(path, name), context);
      return checkNoSymbols(value, path, context);
    case "union":
      if (!type.members.some((member) => fits(member, value, context))) expected(type, value, path, context);
      return;
    default:
      if (!fitsLeaf(type, value, context)) expected(type, value, path, context);
  }
}

function fitsLeaf(type: TypeDescription, value: unknown, context: Context): boolean {
  switch (type.kind) {
    case "string":
    case "boolean":
    case "bigint":
      return typeof value === type.kind;
    case "int":
      return Number.isSafeInteger(value);
    case "double":
      return typeof value === "number";
    case "timestamp":
      return Number.isFinite(value);
    case "date":
      return value instanceof Date && !Number.isNaN(value.getTime());
    case "bytes":
      return value instanceof Uint8Array;
    case "null":
      return value === null;
    case "literal":
      return Object.is(value, type.value);
    case "custom":
      return context.customs.get(type.name)?.is(value) === true;
    default:
      return false;
  }
}

function checkObject(
  type: TypeDescription & { kind: "object" },
  value: unknown,
  path: string,
  context: Context,
): void {
  if (!isPlainObject(value)) return expected(type, value, path, context);
  for (const { name, type: fieldType, optional } of type.fields) {
    const item = ownField(value, name);
    if (item === undefined && optional) continue;
    const at = fieldPath(path, name);
    if (item === undefined && !Object.hasOwn(value, name)) {
      add(context, at, `expected ${describeType(fieldType)}, but the field is missing`);
    } else {
      check(fieldType, item, at, context);
    }
  }
  for (const name of Object.keys(value)) {
    if (!type.fields.some((field) => field.name === name))
      add(context, fieldPath(path, name), "the type has no such field");
  }
}

function checkSet(
  type: { readonly element: TypeDescription },
  value: unknown,
  path: string,
  context: Context,
): void {
  if (!(value instanceof Set)) return expected({ kind: "set", ...type }, value, path, context);
  let i = 0;
  for (const element of value) check(type.element, element, `${path}[${i++}]`, context);
}

function checkMap(
  type: { readonly key: TypeDescription; readonly value: TypeDescription },
  value: unknown,
  path: string,
  context: Context,
): void {
  if (!(value instanceof Map)) return expected({ kind: "map", ...type }, value, path, context);
  for (const [key, item] of value) {
    check(type.key, key, `${path}(a key)`, context);
    check(type.value, item, `${path}[${preview(key)}]`, context);
  }
}

/** What the self-describing codec carries: plain data. */
function checkAny(value: unknown, path: string, context: Context): void {
  if (typeof value === "function" || typeof value === "symbol") return refuse(value, path, context);
  if (typeof value !== "object" || value === null) return;
  const any: TypeDescription = { kind: "any" };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) check(any, value[i], `${path}[${i}]`, context);
  } else if (isPlainObject(value)) {
    for (const name of Object.keys(value)) check(any, value[name], fieldPath(path, name), context);
    checkNoSymbols(value, path, context);
  } else if (Object.getPrototypeOf(value) === Map.prototype) {
    checkMap({ key: any, value: any }, value, path, context);
  } else if (Object.getPrototypeOf(value) === Set.prototype) {
    checkSet({ element: any }, value, path, context);
  } else if (!isCarriedInstance(value)) {
    refuse(value, path, context);
  }
}

function refuse(value: unknown, path: string, context: Context): void {
  add(context, path, `${nameOfValue(value)} can't be carried`);
}

function checkNoSymbols(value: object, path: string, context: Context): void {
  if (Object.getOwnPropertySymbols(value).length > 0)
    add(context, path, "fields named by symbols can't be carried");
}

const CARRIED_PROTOTYPES: ReadonlySet<unknown> = new Set([
  Date.prototype,
  ArrayBuffer.prototype,
  Buffer.prototype,
  ...[Uint8Array, Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array].map(
    (type) => type.prototype,
  ),
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array].map((type) => type.prototype),
]);

/** Whether the self-describing codec carries this instance: dates, buffers and typed arrays, but not classes built on them. */
export function isCarriedInstance(value: object): boolean {
  return CARRIED_PROTOTYPES.has(Object.getPrototypeOf(value));
}
