import { isPlainObject, setOwnField } from "../types/plain-object.ts";
import type { TypeDescription } from "../types/type-description.ts";
import type { TypeInfo } from "../types/type-info.ts";
import { canGenerateCode, compile } from "./compile.ts";
import type { FrameCodecOptions } from "./create-frame-codec.ts";
import { flatString } from "./flat-string.ts";
import { CopyEmitter } from "./generate-copy.ts";

/** Copies a value for keeps. */
export type StateCopier<T> = (value: T) => T;

/**
 * Makes the function through which values enter state: a value that was decoded from a frame has strings that keep the
 * frame's whole text alive, so they are copied, and the objects that hold them, too. A value without strings (numbers,
 * dates, bytes) is returned as it is, and so are instances of custom types: their codec made them. Values that did not
 * come from a frame need no copy.
 *
 * @param type the value's type; undefined copies by looking at the value
 */
export function createStateCopier<T>(
  type: TypeInfo<T> | undefined,
  options: FrameCodecOptions,
): StateCopier<T> {
  const description = type?.description ?? { kind: "any" };
  if (!holdsStrings(description)) return (value) => value;
  if (!canGenerateCode() || options.generate === false) return copyFlat;
  return compileCopier(description, `${options.unique}/copy`) as StateCopier<T>;
}

/** Copies the strings in any plain value, and what holds them. */
export function copyFlat<T>(value: T): T;
export function copyFlat(value: unknown): unknown {
  if (typeof value === "string") return flatString(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyFlat);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [copyFlat(key), copyFlat(item)]));
  if (value instanceof Set) return new Set([...value].map(copyFlat));
  if (!isPlainObject(value)) return value;
  const copy = {};
  for (const name of Object.keys(value)) setOwnField(copy, name, copyFlat(value[name]));
  return copy;
}

/** Whether values of this type may hold strings of a frame. */
export function holdsStrings(type: TypeDescription): boolean {
  switch (type.kind) {
    case "string":
    case "any":
    case "record":
      return true;
    case "nullable":
    case "array":
    case "set":
      return holdsStrings(type.element);
    case "map":
      return holdsStrings(type.key) || holdsStrings(type.value);
    case "tuple":
      return type.elements.some(holdsStrings);
    case "union":
      return type.members.some(holdsStrings);
    case "object":
      return type.fields.some((field) => holdsStrings(field.type));
    default:
      return false;
  }
}

function compileCopier(type: TypeDescription, unique: string): StateCopier<unknown> {
  const body = `return function copy(value) { return ${new CopyEmitter(holdsStrings).copy(type, "value")}; };`;
  return compile(["h"], [{ flatString, copyFlat }], body, unique) as StateCopier<unknown>;
}
