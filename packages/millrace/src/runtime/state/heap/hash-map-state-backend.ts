import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";
import type { SnapshotOperatorStore } from "../operator-snapshot.ts";
import type { StateBackend, StateStoreRequest } from "../state-backend.ts";
import { HeapKeyedStateStore, type HeapSnapshotSettings } from "./heap-keyed-store.ts";
import { HeapOperatorStateStore } from "./heap-operator-store.ts";

/**
 * Keeps state as live objects on the JavaScript heap: fast, and bounded by memory. The default.
 *
 * @example `const store = new HashMapStateBackend().createKeyedStore(request);`
 */
export class HashMapStateBackend implements StateBackend {
  readonly name = "hashmap";
  readonly #settings: Partial<HeapSnapshotSettings>;
  readonly #stores: { dispose(): void }[] = [];

  /** @param settings of snapshots, for tests: so that much happens with little state */
  constructor(settings: Partial<HeapSnapshotSettings> = {}) {
    this.#settings = settings;
  }

  createKeyedStore(request: StateStoreRequest): SnapshotKeyedStore {
    const store = new HeapKeyedStateStore(request, this.#settings);
    this.#stores.push(store);
    return store;
  }

  createOperatorStore(request: StateStoreRequest): SnapshotOperatorStore {
    return new HeapOperatorStateStore(request);
  }

  dispose(): void {
    for (const store of this.#stores.splice(0)) store.dispose();
  }
}
