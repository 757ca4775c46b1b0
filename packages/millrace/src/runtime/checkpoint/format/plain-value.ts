import { createValueCodec } from "../../../common/codec/value-codec.ts";
import type { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { describeIssue, validateValue } from "../../../common/types/validate-value.ts";
import { knownFields } from "./known-fields.ts";

// Headers are small and few: not worth generated code.
const codec = createValueCodec<unknown>(undefined, { unique: "checkpoint/plain-value", generate: false });

/** Plain data as bytes that describe themselves. @throws RECORD_TYPE_MISMATCH naming the path of what can't be carried */
export function encodePlainValue(value: unknown): Uint8Array {
  return codec.encode(value);
}

/**
 * What `encodePlainValue` wrote, checked to be of this type. Fields that the type does not know are allowed, and stay.
 *
 * @param damaged makes the error for bytes that are something else
 */
export function decodePlainValue<T>(
  bytes: Uint8Array,
  type: TypeInfo<T>,
  damaged: (what: string, cause?: unknown) => MillraceError,
): T {
  let value: unknown;
  try {
    value = codec.decode(bytes);
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error), error);
  }
  const [issue] = validateValue(type, knownFields(type.description, value));
  if (issue !== undefined) throw damaged(describeIssue(issue));
  return value as T;
}
