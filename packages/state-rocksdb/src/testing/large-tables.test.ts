import type { KeyedStateHandle, NamespaceTables, SnapshotKeyedStore } from "millrace/internal/state-backend";
import { describe, expect, it } from "vitest";
import { storeRequest } from "../../../millrace/src/runtime/state/testing/store-request.ts";
import { atOnce } from "../../../millrace/src/runtime/state/testing/take-snapshot.ts";
import { bindingProblem } from "../binding/load-binding.ts";
import type { StoreView } from "../state/store-view.ts";
import { rocksFactory } from "./factories.ts";
import { checkpointFolder, filesIn } from "./memory-files.ts";

const problem = bindingProblem();
/** More rows than a table may have for the next one to stand with others. */
const MANY = 21_000;

describe.skipIf(problem !== undefined)(`large tables ${problem ?? ""}`, () => {
  const folder = checkpointFolder();
  const make = rocksFactory("tiny");

  function familiesOf(store: SnapshotKeyedStore): number {
    return (store as unknown as StoreView).tables.families.size;
  }

  function sum(tables: NamespaceTables<number>, namespace: number): number {
    let total = 0;
    for (const scan = tables.get(namespace)!.scan(); scan.next();) total += scan.value;
    return total;
  }

  it("stand in column families of their own, which are dropped whole, snapshotted and restored", async () => {
    const store = make().createKeyedStore(storeRequest());
    const tables = store.getNamespaceTables<number>("panes", undefined);
    const first = tables.getOrCreate(0);
    for (let key = 0; key < MANY; key++) first.put(key, 1);
    expect([familiesOf(store), first.size, sum(tables, 0)]).toEqual([0, MANY, MANY]);
    tables.drop(0);
    for (let key = 0; key < 100; key++) tables.getOrCreate(10).put(key, key);
    expect([familiesOf(store), sum(tables, 10)]).toEqual([1, 4950]);

    const handles: (KeyedStateHandle | undefined)[] = [];
    for (const canonical of [false, true]) {
      const request = { checkpointId: 1, files: filesIn(folder), canonical, incremental: false };
      handles.push(await store.snapshot(request).write(atOnce));
    }
    tables.drop(10);
    expect([familiesOf(store), tables.namespaces()]).toEqual([0, []]);

    for (const handle of handles) {
      for (const parallelism of [1, 2]) {
        let total = 0;
        for (let subtask = 0; subtask < parallelism; subtask++) {
          const after = make().createKeyedStore(storeRequest({ parallelism, subtask }));
          await after.restore([handle!], filesIn(folder));
          const restored = after.getNamespaceTables<number>("panes", undefined);
          after.restored();
          expect(restored.namespaces()).toEqual([10]);
          total += sum(restored, 10);
          restored.drop(10);
          expect([after.keyCount, familiesOf(after)]).toEqual([0, 0]);
        }
        expect(total).toBe(4950);
      }
    }
  });

  it("leave no rows when small ones are dropped, however slowly", () => {
    const store = make().createKeyedStore(storeRequest());
    const tables = store.getNamespaceTables<number>("panes", undefined);
    for (let key = 0; key < 2000; key++) tables.getOrCreate(0).put(key, 1);
    tables.drop(0);
    const { db, tables: rows } = store as unknown as StoreView;
    while (!rows.clean());
    const cursor = db.scan(Uint8Array.of(0), Uint8Array.of(255));
    expect(cursor.next()).toBe(false);
  });
});
