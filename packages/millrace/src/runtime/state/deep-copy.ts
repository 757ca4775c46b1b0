import { MillraceError } from "../../common/errors/millrace-error.ts";
import { isPlainObject, nameOfValue, setOwnField } from "../../common/types/plain-object.ts";
import type { CustomCodec } from "../../common/types/type-info.ts";

/** The custom types that may occur in a value. */
export type Customs = ReadonlyMap<string, CustomCodec<unknown>>;
export const NO_CUSTOMS: Customs = new Map();

/** The typed arrays' own `slice`, which copies; a Buffer's does not. */
const copyView = (
  Object.getPrototypeOf(Uint8Array.prototype) as { slice: (this: ArrayBufferView) => ArrayBufferView }
).slice;

/**
 * A copy that shares nothing changeable with the value: for old images, and for state that is captured in memory.
 * Instances of custom types go through their codec.
 */
export function deepCopy<T>(value: T, customs: Customs): T;
export function deepCopy(value: unknown, customs: Customs): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => deepCopy(item, customs));
  for (const codec of customs.values()) {
    if (codec.is(value)) return codec.decode(codec.encode(value), codec.version);
  }
  if (isPlainObject(value)) {
    // Spreading keeps the shape, so that copies are as quick to use as the originals.
    const copy = { ...value };
    for (const name in copy) {
      const item = copy[name];
      if (typeof item === "object" && item !== null) setOwnField(copy, name, deepCopy(item, customs));
    }
    return copy;
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [deepCopy(key, customs), deepCopy(item, customs)]));
  }
  if (value instanceof Set) return new Set([...value].map((item) => deepCopy(item, customs)));
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof ArrayBuffer) return value.slice(0);
  // Not structuredClone, which would copy the whole pool that a Buffer is cut from.
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return copyView.call(value);
  throw new MillraceError("RECORD_TYPE_MISMATCH", `state can't copy ${nameOfValue(value)}`, {
    help: "State holds plain data. Declare the state's type with Types.custom(...) to keep instances of a class.",
  });
}
