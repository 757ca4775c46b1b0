import type { Clock } from "../../common/clock/clock.ts";
import type { OperatorUid } from "../../common/ids/ids.ts";
import type { KeyedStateStore, KeyGroupRange } from "./keyed-state.ts";
import type { SnapshotOperatorStore } from "./operator-snapshot.ts";

/** Which operator and subtask a store is for. */
export interface StateStoreRequest {
  readonly operator: OperatorUid;
  readonly operatorName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly clock: Clock;
  /** Handed-out values are deeply frozen, so that a test sees who changes them. */
  readonly freeze: boolean;
}

/**
 * Makes the state stores of one subtask: the heap, RocksDB, ... One for each task attempt, on its thread.
 *
 * Snapshots (the next step of the project) go through `snapshotKeyed` and `restoreKeyed` of the stores that a backend made:
 * written by key group, in slices between records, with the types' descriptions in front; so stores keep for every state its
 * descriptor and for every entry what is needed to take its old image before it changes.
 */
export interface StateBackend {
  readonly name: string;
  createKeyedStore(request: StateStoreRequest): KeyedStateStore;
  createOperatorStore(request: StateStoreRequest): SnapshotOperatorStore;
  dispose(): void;
}
