import type { StateDescriptor } from "../../../common/state/state.ts";
import type { TypeDescription } from "../../../common/types/type-description.ts";
import type { AnyType } from "../../../common/types/infer-types.ts";
import type { StateHeader } from "../../../runtime/checkpoint/format/keyed-part.ts";
import type { StoredOperatorState } from "./stored-states.ts";

/** A state with elements of one type, as an operator keeps it for itself. */
export function ownState(
  name: string,
  layout: StateHeader["layout"],
  kind: StateHeader["kind"],
  type: AnyType | undefined,
): StateHeader {
  return { name, layout, kind, ttl: false, keyType: undefined, type: type?.description };
}

/** The state of a function's descriptor. */
export function describedState(
  name: string,
  layout: "keyed" | "namespaced",
  descriptor: StateDescriptor,
): StateHeader {
  return {
    name,
    layout,
    kind: descriptor.kind,
    ttl: descriptor.ttl !== undefined,
    keyType: keyTypeOf(descriptor),
    type: descriptor.type?.description,
  };
}

/** The operator state of a descriptor. */
export function describedOperatorState(
  name: string,
  mode: StoredOperatorState["mode"],
  descriptor: StateDescriptor,
): StoredOperatorState {
  return { name, mode, keyType: keyTypeOf(descriptor), type: descriptor.type?.description };
}

const keyTypeOf = (descriptor: StateDescriptor): TypeDescription | undefined =>
  descriptor.kind === "map" ? descriptor.keyType?.description : undefined;
