import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { operatorUid } from "../../../common/ids/ids.ts";
import { valueState } from "../../../common/state/descriptors.ts";
import { Types } from "../../../common/types/types.ts";
import { createStateFiles } from "../../checkpoint/storage/create-state-files.ts";
import { HashMapStateBackend } from "../heap/hash-map-state-backend.ts";
import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";

const files = createStateFiles({ directory: undefined, inlineThreshold: 0 });
const count = valueState(Types.int);

const newStore = (): SnapshotKeyedStore =>
  new HashMapStateBackend().createKeyedStore({
    operator: operatorUid("count"),
    operatorName: "count",
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    keyGroups: { start: 0, end: 128 },
    clock: new ManualClock(0),
    freeze: true,
  });

/** A store that starts from one which kept state and a table by these keys. */
async function restoredFrom(keys: readonly unknown[]): Promise<SnapshotKeyedStore> {
  const before = newStore();
  const state = before.getState("count", count);
  const table = before.getNamespaceTables("windows", Types.int).getOrCreate(1000);
  for (const key of keys) {
    before.setCurrentKey(key);
    state.update(1);
    table.put(key, 1);
  }
  const snapshot = before.snapshot({ checkpointId: 1, files, canonical: true, incremental: false });
  const handle = await snapshot.write({ over: false, next: () => Promise.resolve() });
  const after = newStore();
  await after.restore(handle === undefined ? [] : [handle], files);
  return after;
}

function add(store: SnapshotKeyedStore, key: unknown): void {
  const state = store.getState("count", count);
  store.setCurrentKey(key);
  state.update(2);
}

describe("a restored store", () => {
  it("refuses a first new key of another kind, and says of which kinds they were", async () => {
    const store = await restoredFrom([1, 2]);
    expect(() => add(store, "1")).toThrow(
      'the restored state of operator "count" is kept by keys of kind number, and its first new key is "1"',
    );
  });

  it("refuses it in tables of windows, too", async () => {
    const store = await restoredFrom(["a"]);
    const tables = store.getNamespaceTables("windows", Types.int);
    expect(() => tables.getOrCreate(2000).put(["a", 1], 1)).toThrow("kept by keys of kind string");
  });

  it("takes keys of the kinds that were there, and then any: one stream may have keys of several", async () => {
    const store = await restoredFrom([1, "a"]);
    add(store, 7);
    add(store, "b");
    add(store, [1, 2]);
    expect(store.keyCount).toBe(5);
  });

  it("takes any where nothing was restored", async () => {
    const store = await restoredFrom([]);
    add(store, "a");
    expect(store.keyCount).toBe(1);
  });
});
