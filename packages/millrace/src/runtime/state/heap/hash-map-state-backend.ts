import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";
import type { SnapshotOperatorStore } from "../operator-snapshot.ts";
import type { StateBackend, StateStoreRequest } from "../state-backend.ts";
import { HeapKeyedStateStore } from "./heap-keyed-store.ts";
import { HeapOperatorStateStore } from "./heap-operator-store.ts";

/**
 * Keeps state as live objects on the JavaScript heap: fast, and bounded by memory. The default.
 *
 * @example `const store = new HashMapStateBackend().createKeyedStore(request);`
 */
export class HashMapStateBackend implements StateBackend {
  readonly name = "hashmap";
  readonly #lookEvery: number | undefined;
  readonly #stores: { dispose(): void }[] = [];

  /** `lookEvery`: rows, about, that a snapshot writes between two looks at its pace. Fewer for tests. */
  constructor({ lookEvery }: { readonly lookEvery?: number } = {}) {
    this.#lookEvery = lookEvery;
  }

  createKeyedStore(request: StateStoreRequest): SnapshotKeyedStore {
    const store = new HeapKeyedStateStore(request, this.#lookEvery);
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
