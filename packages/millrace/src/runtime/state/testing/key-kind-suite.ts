import { describe, expect, it } from "vitest";
import { hashKey } from "../../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../../common/keys/key-groups.ts";
import { valueState } from "../../../common/state/descriptors.ts";
import { Types } from "../../../common/types/types.ts";
import type { KeyedStateHandle } from "../../../protocol/control/snapshots.ts";
import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { storeRequest, type TestStoreOptions } from "./store-request.ts";
import { inMemory, takeSnapshot } from "./take-snapshot.ts";

const count = valueState(Types.int);
const numbers = Array.from({ length: 60 }, (_, i) => i);
const texts = numbers.map((n) => `key ${n}`);

/** Stores that start from keys of another kind than their program has now. */
export function describeKeyKinds(makeBackend: MakeBackend): void {
  async function startFrom(
    handle: KeyedStateHandle | undefined,
    options?: TestStoreOptions,
  ): Promise<SnapshotKeyedStore> {
    const store = makeBackend().createKeyedStore(storeRequest(options));
    await store.restore(handle === undefined ? [] : [handle], inMemory);
    return store;
  }

  // The backend's own form, and the one that all read.
  for (const canonical of [false, true]) {
    describe(`keys after a restore from a ${canonical ? "savepoint" : "checkpoint"}`, () => {
      async function snapshotOf(keys: readonly unknown[]): Promise<KeyedStateHandle | undefined> {
        const store = makeBackend().createKeyedStore(storeRequest());
        const state = store.getState("count", count);
        const table = store.getNamespaceTables("windows", Types.int).getOrCreate(1000);
        for (const key of keys) {
          store.setCurrentKey(key);
          state.update(1);
          table.put(key, 1);
        }
        return takeSnapshot(store, { canonical });
      }

      async function restoredFrom(
        keys: readonly unknown[],
        options?: TestStoreOptions,
      ): Promise<SnapshotKeyedStore> {
        const store = await startFrom(await snapshotOf(keys), options);
        store.getState("count", count);
        store.getNamespaceTables("windows", Types.int);
        store.restored();
        return store;
      }

      function add(store: SnapshotKeyedStore, key: unknown): void {
        const state = store.getState("count", count);
        store.setCurrentKey(key);
        state.update(2);
      }

      it("are refused where all are of another kind, and told of which they were", async () => {
        const store = await restoredFrom([1, 2]);
        expect(() => texts.forEach((key) => add(store, key))).toThrow(
          'the restored state of operator "test" is kept by keys of kind number, and none of its first 50 new keys is, like "key 49"',
        );
      });

      it("are refused in tables of windows, too", async () => {
        const store = await restoredFrom(["a"]);
        const table = store.getNamespaceTables("windows", Types.int).getOrCreate(2000);
        expect(() => numbers.forEach((n) => table.put([n, 1], 1))).toThrow("kept by keys of kind string");
      });

      it("are refused after further snapshots that nobody has changed anything before", async () => {
        const once = await restoredFrom([1, 2]);
        const store = await startFrom(await takeSnapshot(once, { canonical }));
        store.restored();
        const again = await startFrom(await takeSnapshot(store, { canonical }));
        again.restored();
        expect(() => texts.forEach((key) => add(again, key))).toThrow("kept by keys of kind number");
      });

      it("are refused at another parallelism", async () => {
        const store = await restoredFrom([...numbers], { parallelism: 2 });
        const table = store.getNamespaceTables("windows", Types.int).getOrCreate(2000);
        expect(() => {
          for (let n = 0; n < 500; n++) if (owns(store, `key ${n}`)) table.put(`key ${n}`, 1);
        }).toThrow("kept by keys of kind number");
      });

      it("are taken beside keys that were there: a stream may have several kinds", async () => {
        const store = await restoredFrom([1]);
        for (const key of [...texts.slice(0, 49), 7, ...texts]) add(store, key);
        expect(store.keyCount).toBe(texts.length + 2);
      });

      it("are taken of any kind where nothing was restored", async () => {
        const store = await restoredFrom([]);
        for (const key of texts) add(store, key);
        expect(store.keyCount).toBe(texts.length);
      });
    });
  }
}

function owns({ keyGroups, maxParallelism }: SnapshotKeyedStore, key: string): boolean {
  const keyGroup = keyGroupOf(hashKey(key), maxParallelism);
  return keyGroup >= keyGroups.start && keyGroup < keyGroups.end;
}
