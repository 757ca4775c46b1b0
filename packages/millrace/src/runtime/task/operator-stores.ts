import type { OperatorUid } from "../../common/ids/ids.ts";
import type { OperatorRestore } from "../../protocol/control/snapshots.ts";
import type { StateFiles } from "../checkpoint/storage/state-files.ts";
import type { KeyedSnapshot, KeyedSnapshotRequest, SnapshotKeyedStore } from "../state/keyed-snapshot.ts";
import type { SnapshotOperatorStore } from "../state/operator-snapshot.ts";
import type { StateBackend, StateStoreRequest } from "../state/state-backend.ts";

/** The state of one operator at the moment of a barrier. */
export interface StoresSnapshot {
  readonly uid: OperatorUid;
  readonly keyed: KeyedSnapshot | undefined;
  readonly operatorState: Uint8Array | undefined;
  readonly unionState: boolean;
}

/** What an operator is restored from: `files` reads it. */
export interface RestoredStores {
  /** undefined: the snapshot knows nothing of this operator. */
  readonly state: OperatorRestore | undefined;
  readonly files: StateFiles;
}

/** The state stores of one operator in one subtask. Made when they are first asked for, or restored. */
export class OperatorStores {
  readonly uid: OperatorUid;
  readonly #backend: StateBackend;
  readonly #request: StateStoreRequest;
  #keyed: SnapshotKeyedStore | undefined;
  #operator: SnapshotOperatorStore | undefined;
  #restored: RestoredStores | undefined;

  constructor(backend: StateBackend, request: StateStoreRequest) {
    this.uid = request.operator;
    this.#backend = backend;
    this.#request = request;
  }

  get keyed(): SnapshotKeyedStore {
    return (this.#keyed ??= this.#backend.createKeyedStore(this.#request));
  }

  get operator(): SnapshotOperatorStore {
    if (this.#operator === undefined) {
      this.#operator = this.#backend.createOperatorStore(this.#request);
      if (this.#restored !== undefined)
        this.#operator.restore(this.#restored.state?.operatorState ?? [], this.#restored.files);
    }
    return this.#operator;
  }

  /** Before anything else. All operators of a restored task are restored, those without state, too. */
  async restore(restored: RestoredStores): Promise<void> {
    this.#restored = restored;
    const { state, files } = restored;
    if (state === undefined) return;
    if (state.keyed.length > 0) await this.keyed.restore(state.keyed, files);
    // What nobody asks for stays as it is.
    if (state.operatorState.length > 0) void this.operator;
  }

  /** The operator is open. */
  opened(): void {
    if (this.#restored !== undefined) this.#keyed?.restored();
  }

  /** The moment of the barrier. */
  snapshot(request: KeyedSnapshotRequest): StoresSnapshot {
    const operatorState = this.#operator?.snapshot();
    const unionState = this.#operator?.hasUnionState ?? false;
    return { uid: this.uid, keyed: this.#keyed?.snapshot(request), operatorState, unionState };
  }

  checkpointComplete(checkpointId: number): void {
    this.#keyed?.checkpointComplete(checkpointId);
  }

  checkpointAborted(checkpointId: number): void {
    this.#keyed?.checkpointAborted(checkpointId);
  }
}
