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

const numbers = Array.from({ length: 60 }, (_, i) => i);
const texts = numbers.map((n) => `key ${n}`);

describe("a restored store", () => {
  it("refuses to go on with keys of another kind only, and says of which kinds they were", async () => {
    const store = await restoredFrom([1, 2]);
    expect(() => texts.forEach((key) => add(store, key))).toThrow(
      'the restored state of operator "count" is kept by keys of kind number, and none of its first 50 new keys is, like "key 49"',
    );
  });

  it("refuses it in tables of windows, too", async () => {
    const store = await restoredFrom(["a"]);
    const table = store.getNamespaceTables("windows", Types.int).getOrCreate(2000);
    expect(() => numbers.forEach((n) => table.put([n, 1], 1))).toThrow("kept by keys of kind string");
  });

  it("takes keys of other kinds beside those that were there: a stream may have several", async () => {
    const store = await restoredFrom([1]);
    for (const key of [...texts.slice(0, 49), 7, ...texts]) add(store, key);
    expect(store.keyCount).toBe(texts.length + 2);
  });

  it("takes any where nothing was restored", async () => {
    const store = await restoredFrom([]);
    for (const key of texts) add(store, key);
    expect(store.keyCount).toBe(texts.length);
  });
});
