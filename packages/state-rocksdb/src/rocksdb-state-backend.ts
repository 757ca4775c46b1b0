import {
  HashMapStateBackend,
  type SnapshotKeyedStore,
  type StateBackend,
  type StateStoreRequest,
} from "millrace/internal/state-backend";
import { BACKEND } from "./backend-name.ts";
import type { NativeBinding } from "./binding/native-binding.ts";
import type { SlotMemory } from "./cache/slot-memory.ts";
import type { WorkingFolder } from "./local/working-folder.ts";
import type { MemorySplit } from "./memory-split.ts";
import { RocksKeyedStateStore } from "./state/rocks-keyed-store.ts";

/** What the backends of one slot share. */
export interface SlotParts {
  readonly binding: NativeBinding;
  readonly split: MemorySplit;
  readonly memory: SlotMemory;
  readonly folder: WorkingFolder;
}

/**
 * Keeps keyed state in RocksDB, on the local disk, behind a cache of live objects: for more state than fits into memory. Operator state is
 * small, and stays on the heap.
 */
export class EmbeddedRocksDBStateBackend implements StateBackend {
  readonly name = BACKEND;
  readonly #slot: SlotParts;
  readonly #heap = new HashMapStateBackend();
  readonly #stores: RocksKeyedStateStore[] = [];

  constructor(slot: SlotParts) {
    this.#slot = slot;
  }

  createKeyedStore(request: StateStoreRequest): SnapshotKeyedStore {
    const { binding, split, memory, folder } = this.#slot;
    const store = new RocksKeyedStateStore(request, {
      binding,
      memory,
      dirtyLimit: split.dirty,
      writeBufferSize: split.writeBuffer,
      timersInMemory: split.timers,
      folder: folder.create(`${request.operatorName}-${request.subtaskIndex}`),
    });
    this.#stores.push(store);
    return store;
  }

  createOperatorStore(request: StateStoreRequest): ReturnType<HashMapStateBackend["createOperatorStore"]> {
    return this.#heap.createOperatorStore(request);
  }

  dispose(): void {
    for (const store of this.#stores.splice(0)) store.dispose();
    this.#heap.dispose();
  }
}
