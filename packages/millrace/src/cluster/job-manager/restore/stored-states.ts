import type { OperatorUid } from "../../../common/ids/ids.ts";
import type { TypeDescription } from "../../../common/types/type-description.ts";
import type { StateHeader } from "../../../runtime/checkpoint/format/keyed-part.ts";
import type { OperatorStateMode } from "../../../runtime/state/operator-capture.ts";

/** An operator state as a savepoint describes it. */
export interface StoredOperatorState {
  readonly name: string;
  readonly mode: OperatorStateMode;
  /** Of broadcast states: their keys, where declared. */
  readonly keyType: TypeDescription | undefined;
  /** Of the elements, or of a broadcast state's values, where declared. */
  readonly type: TypeDescription | undefined;
}

/** The states of one operator in a savepoint, over all its subtasks. */
export interface StoredStates {
  readonly keyed: readonly StateHeader[];
  readonly operator: readonly StoredOperatorState[];
}

/** The states of each operator that has some, by uid. */
export type StoredStatesByUid = ReadonlyMap<OperatorUid, StoredStates>;
