import { isPlainObject, setOwnField } from "../types/plain-object.ts";
import type { TypeDescription } from "../types/type-description.ts";
import { acceptsValue } from "../types/validate-value.ts";
import { checkTimestamp } from "./block-writer.ts";
import { readBigInt, readBytes, readCustom, writeBigInt, writeBytes, writeCustom } from "./byte-values.ts";
import type { Customs } from "./interpret-write.ts";
import { corrupt } from "./row-source.ts";
import { readAny, writeAny } from "./self-describing.ts";

/** What generated code calls, under the name `h`. */
export interface CodecHelpers {
  readonly isPlainObject: typeof isPlainObject;
  readonly setOwnField: typeof setOwnField;
  readonly checkTimestamp: typeof checkTimestamp;
  readonly corrupt: typeof corrupt;
  readonly writeAny: typeof writeAny;
  readonly readAny: typeof readAny;
  readonly writeBigInt: typeof writeBigInt;
  readonly readBigInt: typeof readBigInt;
  readonly writeBytes: typeof writeBytes;
  readonly readBytes: typeof readBytes;
  readonly writeCustom: typeof writeCustom;
  readonly readCustom: typeof readCustom;
  custom(name: string): ReturnType<Customs["get"]>;
  accepts(description: TypeDescription, value: unknown): boolean;
  /** Whether the object has own fields besides these. */
  hasOthers(value: object, names: readonly string[]): boolean;
}

/** The helpers for a type with these custom codecs. */
export function codecHelpers(customs: Customs): CodecHelpers {
  return {
    isPlainObject,
    setOwnField,
    checkTimestamp,
    corrupt,
    writeAny,
    readAny,
    writeBigInt,
    readBigInt,
    writeBytes,
    readBytes,
    writeCustom,
    readCustom,
    custom: (name) => customs.get(name),
    accepts: (description, value) => acceptsValue({ description, customs }, value),
    hasOthers: (value, names) => Object.keys(value).some((name) => !names.includes(name)),
  };
}
