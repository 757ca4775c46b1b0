import type { Clock } from "../../common/clock/clock.ts";
import type { OperatorUid } from "../../common/ids/ids.ts";
import type { SnapshotKeyedStore } from "./keyed-snapshot.ts";
import type { KeyGroupRange } from "./keyed-state.ts";
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
 * Makes the state stores of one subtask: the heap, RocksDB, ... One for each task attempt, on its thread. `describeStateBackend` is the test
 * that every one passes.
 */
export interface StateBackend {
  readonly name: string;
  createKeyedStore(request: StateStoreRequest): SnapshotKeyedStore;
  createOperatorStore(request: StateStoreRequest): SnapshotOperatorStore;
  /** Gives up its stores: snapshots that are being written end, files are closed. */
  dispose(): void;
}
