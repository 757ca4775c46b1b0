import type { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { Infer } from "../../../../common/types/infer-types.ts";
import { parseDescription } from "../../../../common/types/parse-description.ts";
import type { TypeDescription } from "../../../../common/types/type-description.ts";
import { Types } from "../../../../common/types/types.ts";
import type { StateMeta } from "../../../state/captured-state.ts";
import type { StateHeader } from "../keyed-part.ts";
import { opaqueType } from "./opaque-value.ts";

/** Bytes that don't describe what they should. */
export type Damaged = (what: string, cause?: unknown) => MillraceError;

/** A StateHeader as plain data, type descriptions unchecked. */
export const stateHeaderFields = {
  name: Types.string,
  layout: Types.oneOf("keyed", "namespaced", "tables", "event-timers", "processing-timers"),
  kind: Types.optional(Types.oneOf("value", "list", "map", "reducing", "aggregating")),
  ttl: Types.boolean,
  keyType: Types.optional(Types.any),
  type: Types.optional(Types.any),
};
export const stateHeaderType = Types.object(stateHeaderFields);

/** A StateHeader that was stored, checked. */
export function parseStateHeader(stored: Infer<typeof stateHeaderType>, damaged: Damaged): StateHeader {
  return {
    ...stored,
    kind: stored.kind,
    keyType: storedDescription(stored.keyType, damaged),
    type: storedDescription(stored.type, damaged),
  };
}

/** What a part says of a state. */
export function stateHeader({ name, layout, kind, ttl, keyType, type }: StateMeta): StateHeader {
  return { name, layout, kind, ttl, keyType: keyType?.description, type: type?.description };
}

/** A state as far as it is known without its program: with it, entries that were read without a program can be written again. */
export function stateMetaOf({ name, layout, kind, ttl, keyType, type }: StateHeader): StateMeta {
  return {
    name,
    layout,
    kind,
    ttl,
    keyType: keyType && opaqueType(keyType),
    type: type && opaqueType(type),
  };
}

function storedDescription(stored: unknown, damaged: Damaged): TypeDescription | undefined {
  if (stored === undefined) return undefined;
  try {
    return parseDescription(stored);
  } catch (error) {
    throw damaged("a type in it is not described as types are", error);
  }
}
