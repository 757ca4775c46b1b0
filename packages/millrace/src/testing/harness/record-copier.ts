import { createValueCodec } from "../../common/codec/value-codec.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { deepFreeze } from "../../common/types/deep-freeze.ts";

/** Carries a record as the way between two tasks would. */
export type RecordCopier = (value: unknown) => unknown;

/** @param unique tells the codec from others */
export function recordCopier(
  type: TypeInfo<unknown> | undefined,
  unique: string,
  { copy, freeze }: { readonly copy: boolean; readonly freeze: boolean },
): RecordCopier {
  const codec = copy ? createValueCodec(type, { unique: `harness/${unique}` }) : undefined;
  return (value) => {
    const copied = codec === undefined ? value : codec.copy(value);
    return freeze ? deepFreeze(copied) : copied;
  };
}
