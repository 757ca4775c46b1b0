import type { StateBytes } from "../../protocol/control/snapshots.ts";
import type { StateFiles } from "../checkpoint/storage/state-files.ts";
import type { OperatorStateStore } from "./operator-state.ts";

/** An operator store that takes part in checkpoints. Operator state is small: it is encoded at the barrier. */
export interface SnapshotOperatorStore extends OperatorStateStore {
  /** All states, encoded; undefined where there are none. Not restored and not asked for counts, too. */
  snapshot(): Uint8Array | undefined;
  /**
   * Takes this subtask's share of what all former subtasks had, in their order (correctness rule 16). States are decoded when they are asked
   * for. Before anything else. @throws RESTORE_REFUSED, CHECKPOINT_CORRUPT
   */
  restore(parts: readonly StateBytes[], files: StateFiles): void;
  /**
   * Whether a union list state is registered: then all subtasks must be alive at a checkpoint (correctness rule 21). Emitted watermarks don't
   * count: they stay right.
   */
  readonly hasUnionState: boolean;
}
