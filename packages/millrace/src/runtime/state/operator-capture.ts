import type { StateDescriptor } from "../../common/state/state.ts";
import type { OperatorStateStore } from "./operator-state.ts";

/** How an operator state is redistributed when it is restored. */
export type OperatorStateMode = "split" | "union" | "broadcast";

/** One operator state of one subtask, as plain data. */
export interface OperatorStateSnapshotEntry {
  readonly name: string;
  readonly mode: OperatorStateMode;
  /** "list", or "map" where the mode is "broadcast". */
  readonly kind: StateDescriptor["kind"] & ("list" | "map");
  /** The elements, or the map's entries as pairs. */
  readonly elements: readonly unknown[];
}

/** The operator state of one subtask. */
export type OperatorStateSnapshot = readonly OperatorStateSnapshotEntry[];

/** A store whose state can be captured and restored in memory. It is small, so it is copied at once. */
export interface CapturableOperatorStore extends OperatorStateStore {
  capture(): OperatorStateSnapshot;
  /** Takes over what `redistributeOperatorState` gave this subtask. Before any state is asked for. */
  restore(snapshot: OperatorStateSnapshot): void;
}
