import type { AnyType } from "../../../common/types/infer-types.ts";
import type { StateMeta } from "../../state/captured-state.ts";
import type { OperatorStateMode } from "../../state/operator-capture.ts";
import type { StateHeader } from "./keyed-part.ts";

/*
 * State of an operator in one subtask that belongs to no key: lists that are split or united, and broadcast maps. Bytes in
 * docs/formats/operator-state.md.
 */

/** A state to be written. */
export interface OperatorStateEntry {
  readonly mode: OperatorStateMode;
  /** Made by `operatorStateMeta` once for the state: the code that encodes its elements is kept with it. */
  readonly meta: StateMeta;
  /** The elements of a list; of a map its entries as [key, value]. */
  readonly elements: Iterable<unknown>;
}

/** A state that was written. */
export interface StoredOperatorState {
  readonly mode: OperatorStateMode;
  /** Its name, kind ("list" or "map") and types; the layout is "keyed". */
  readonly header: StateHeader;
  /** How many elements there are. */
  readonly count: number;
  /** Of the elements, bytes. */
  readonly bytes: number;
  /**
   * The elements in the order written. `as` is the state as its program declares it today, made by `operatorStateMeta`: values are migrated by
   * rule; without it values of custom types are OpaqueValues, and `stateMetaOf(header)` writes them again as they are.
   * @throws RESTORE_REFUSED naming the field, CHECKPOINT_CORRUPT naming the block
   */
  elements(as: StateMeta | undefined): unknown[];
}

/** Describes a list or broadcast state, for writing and reading it. */
export function operatorStateMeta(
  name: string,
  kind: "list" | "map",
  type: AnyType | undefined,
  keyType?: AnyType,
): StateMeta {
  return { name, layout: "keyed", kind, ttl: false, keyType, type };
}
