import { describe, expect, it } from "vitest";
import { keyGroupRange } from "../../../common/keys/key-groups.ts";
import { listState, mapState, reducingState, valueState } from "../../../common/state/descriptors.ts";
import { Types } from "../../../common/types/types.ts";
import type { KeyedStateHandle } from "../../../protocol/control/snapshots.ts";
import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { Everything, EVERYTHING_KEY_GROUPS, KEYS } from "./everything.ts";
import { handleContents } from "./handle-contents.ts";
import { storeRequest, type TestStoreOptions } from "./store-request.ts";
import { inMemory, takeCheckpoint, takeSnapshot } from "./take-snapshot.ts";

const refused = (message: RegExp): unknown =>
  expect.objectContaining({ code: "RESTORE_REFUSED", message: expect.stringMatching(message) as unknown });

function errorOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

class Money {
  readonly cents: number;

  constructor(cents: number) {
    this.cents = cents;
  }
}

const money = Types.custom<Money>({
  name: "money",
  version: 1,
  is: (value): value is Money => value instanceof Money,
  encode: ({ cents }) => Uint8Array.of(cents),
  decode: (bytes) => new Money(bytes[0]!),
});

/** Stores that start from a snapshot. */
export function describeRestore(makeBackend: MakeBackend): void {
  describe("restore", () => {
    async function restoredStore(
      handles: readonly (KeyedStateHandle | undefined)[],
      options: TestStoreOptions = {},
    ): Promise<SnapshotKeyedStore> {
      const store = makeBackend().createKeyedStore(
        storeRequest({ maxParallelism: EVERYTHING_KEY_GROUPS, ...options }),
      );
      await store.restore(
        handles.filter((handle) => handle !== undefined),
        inMemory,
      );
      return store;
    }

    it("takes place at any parallelism, again and again", async () => {
      const first = (await takeSnapshot(Everything.filled(makeBackend).store))!;
      const original = handleContents(first);
      let handles = [first];
      for (const parallelism of [3, 2, 5, 1]) {
        const taken = await Promise.all(
          Array.from({ length: parallelism }, async (_, subtask) => {
            const all = await Everything.make(makeBackend, { parallelism, subtask }, handles);
            const handle = await takeSnapshot(all.store);
            const expected = keyGroupRange(EVERYTHING_KEY_GROUPS, parallelism, subtask);
            expect(handle?.keyGroups ?? expected).toEqual(expected);
            return handle;
          }),
        );
        handles = taken.filter((handle) => handle !== undefined);
        const parts = handles.map(handleContents);
        expect(Object.assign({}, ...parts)).toEqual(original);
        expect(parts.reduce((size, part) => size + Object.keys(part).length, 0)).toBe(
          Object.keys(original).length,
        );
      }
    });

    it("goes on as if nothing had happened", async () => {
      const before = Everything.filled(makeBackend);
      const all = await Everything.make(makeBackend, {}, [(await takeSnapshot(before.store))!]);
      all.store.setCurrentKey(["c", 1]);
      all.value.mutate(
        (v) => v.n++,
        () => ({ n: 100 }),
      );
      all.list.add(3);
      all.aggregated.add(5);
      expect([all.value.value(), [...all.list.get()], all.aggregated.get()]).toEqual([
        { n: 2 },
        [1, 2, 3],
        6,
      ]);
      expect(all.map.get(["y", 1])).toEqual({ n: 2 });
      expect([...all.map.keys()]).toEqual(expect.arrayContaining(["x", ["y", 1]]));
      expect(all.inWindow.in("10:20").get()).toBe(1);
      expect(all.tables.get(10)!.get(["c", 1])).toEqual({ n: 2 });
      expect(all.tables.namespaces()).toEqual([0, 10]);
      expect([all.timers.eventTimerCount, all.timers.processingTimerCount]).toEqual([12, 6]);
      expect(all.timers.nextProcessingTime).toBe(70);
      all.timers.advanceWatermark(50, { blocked: false });
      expect(all.value.value()).toBeDefined();
      expect(all.timers.eventTimerCount).toBe(6);
      // The first store is another one.
      before.store.setCurrentKey(["c", 1]);
      expect([before.value.value(), [...before.list.get()]]).toEqual([{ n: 1 }, [1, 2]]);
    });

    it("carries on states that nobody asks for, and gives them to who asks later", async () => {
      const first = (await takeSnapshot(Everything.filled(makeBackend).store))!;
      let store = await restoredStore([first]);
      expect(store.keyCount).toBe(KEYS.length);
      const value = store.getState("value", valueState<{ n: number }>());
      store.restored();
      expect(store.keyCount).toBe(KEYS.length);
      store.setCurrentKey("b");
      expect(value.value()).toEqual({ n: 1 });
      for (let i = 0; i < 2; i++) {
        const carried = (await takeSnapshot(store))!;
        expect(handleContents(carried)).toEqual(handleContents(first));
        store = await restoredStore([carried]);
        store.restored();
      }
      const list = store.getState("list", listState<number>());
      const timers = store.getTimerService("timers", { onEventTime() {}, onProcessingTime() {} });
      const tables = store.getNamespaceTables<{ n: number }>("tables", undefined);
      expect([timers.eventTimerCount, tables.namespaces()]).toEqual([12, [0, 10]]);
      store.setCurrentKey("b");
      list.add(3);
      tables.drop(0);
      const expected = Object.fromEntries(
        Object.entries(handleContents(first))
          .filter(([line]) => !line.includes("tables[0]"))
          .map(([line, content]) => [line, line.endsWith(" keyed list string b") ? [1, 2, 3] : content]),
      );
      expect(handleContents(await takeSnapshot(store))).toEqual(expected);
    });

    it("carries on what was changed by checkpoints after the first, values of classes included", async () => {
      const before = makeBackend().createKeyedStore(storeRequest({ maxParallelism: EVERYTHING_KEY_GROUPS }));
      const wealth = before.getState("wealth", valueState(money));
      const tables = before.getNamespaceTables<Money>("tables", money);
      for (let key = 0; key < 50; key++) {
        before.setCurrentKey(key);
        wealth.update(new Money(key));
        for (const namespace of [10, 20]) tables.getOrCreate(namespace).put(key, new Money(key + namespace));
      }
      await takeCheckpoint(before, 1);
      before.setCurrentKey(7);
      wealth.update(new Money(200));
      before.setCurrentKey(8);
      wealth.clear();
      tables.drop(10);
      tables.get(20)!.remove(9);
      tables.get(20)!.put(10, new Money(201));
      tables.getOrCreate(10).put(11, new Money(202));
      let handles = await takeCheckpoint(before, 2);
      for (const parallelism of [2, 1]) {
        handles = (
          await Promise.all(
            Array.from({ length: parallelism }, async (_, subtask) => {
              const store = await restoredStore(handles, { parallelism, subtask });
              store.restored();
              return takeSnapshot(store);
            }),
          )
        ).filter((handle) => handle !== undefined);
      }
      const after = await restoredStore(handles);
      after.restored();
      const restored = after.getState("wealth", valueState(money));
      const cents = Array.from({ length: 50 }, (_, key) => {
        after.setCurrentKey(key);
        return restored.value()?.cents;
      });
      expect(cents).toEqual(
        Array.from({ length: 50 }, (_, key) => (key === 7 ? 200 : key === 8 ? undefined : key)),
      );
      const inTables = after.getNamespaceTables<Money>("tables", money);
      expect(inTables.namespaces()).toEqual([10, 20]);
      expect([inTables.get(10)!.size, inTables.get(10)!.get(11)?.cents]).toEqual([1, 202]);
      expect([inTables.get(20)!.size, inTables.get(20)!.get(9), inTables.get(20)!.get(10)?.cents]).toEqual([
        49,
        undefined,
        201,
      ]);
      expect(inTables.get(20)!.get(11)).toBeInstanceOf(Money);
    });

    it("reads values as they are declared today", async () => {
      const before = makeBackend().createKeyedStore(storeRequest({ maxParallelism: EVERYTHING_KEY_GROUPS }));
      before.getState("v", valueState(Types.object({ n: Types.int })));
      before.setCurrentKey("k");
      before.getState("v", valueState(Types.object({ n: Types.int }))).update({ n: 1 });
      before.getState("m", mapState(Types.int, Types.string)).put(1, "one");
      before.getState("untyped", valueState<number>()).update(5);
      const after = await restoredStore([await takeSnapshot(before)]);
      const wider = Types.object({ n: Types.double, label: Types.optional(Types.string) });
      const v = after.getState("v", valueState(wider));
      const m = after.getState("m", mapState(Types.double, Types.nullable(Types.string)));
      const untyped = after.getState("untyped", valueState(Types.int));
      after.setCurrentKey("k");
      expect([v.value(), [...m.entries()], untyped.value()]).toEqual([{ n: 1 }, [[1, "one"]], 5]);
      v.update({ n: 1.5, label: "x" });
      m.put(2.5, null);
      const again = await restoredStore([await takeSnapshot(after)]);
      again.setCurrentKey("k");
      expect(again.getState("v", valueState(wider)).value()).toEqual({ n: 1.5, label: "x" });
    });

    it("refuses other kinds, layouts and types, naming state and operator", async () => {
      const before = makeBackend().createKeyedStore(storeRequest({ maxParallelism: EVERYTHING_KEY_GROUPS }));
      before.setCurrentKey("k");
      before.getState("v", valueState(Types.object({ n: Types.int }))).update({ n: 1 });
      before.getState("custom", valueState(money)).update(new Money(1));
      before.getState("untyped", valueState<unknown>()).update("text");
      before.getNamespacedState("w", listState<number>()).in("x").add(1);
      const snapshot = await takeSnapshot(before);
      const asks: readonly [RegExp, (store: SnapshotKeyedStore) => unknown][] = [
        [/"v" of operator "test".*value.*list/u, (store) => store.getState("v", listState())],
        [
          /"v" of operator "test".*n/u,
          (store) => store.getState("v", valueState(Types.object({ n: Types.string }))),
        ],
        [/"v" of operator "test"/u, (store) => store.getNamespaceTables("v", undefined)],
        [/"v" of operator "test"/u, (store) => store.getNamespacedState("v", valueState())],
        [/"custom" of operator "test".*money/u, (store) => store.getState("custom", valueState())],
        [/"untyped"/u, (store) => store.getState("untyped", valueState(Types.int))],
        [/"w" of operator "test"/u, (store) => store.getState("w", listState())],
        [
          /"w" of operator "test"/u,
          (store) =>
            store.getNamespacedState(
              "w",
              reducingState((a: number) => a),
            ),
        ],
      ];
      for (const [message, ask] of asks) {
        const store = await restoredStore([snapshot]);
        expect(() => ask(store)).toThrowError(refused(message));
      }
    });

    it("refuses windows that were kept in another layout", async () => {
      const layouts: Readonly<Record<string, (store: SnapshotKeyedStore) => void>> = {
        windows: (store) => store.getNamespaceTables("windows", undefined).getOrCreate(0).put("k", 1),
        slices: (store) => store.getNamespaceTables("slices", undefined).getOrCreate(0).put("k", 1),
        sessions: (store) => store.getNamespaceTables("sessions", undefined).getOrCreate(0).put("k", 1),
        contents: (store) => store.getNamespacedState("contents", listState<number>()).in("w").add(1),
      };
      for (const [was, before] of Object.entries(layouts)) {
        const store = makeBackend().createKeyedStore(storeRequest({ maxParallelism: EVERYTHING_KEY_GROUPS }));
        store.setCurrentKey("k");
        before(store);
        const snapshot = await takeSnapshot(store);
        for (const [now, ask] of Object.entries(layouts)) {
          const after = await restoredStore([snapshot]);
          after.setCurrentKey("k");
          const outcome = now === was ? undefined : refused(/windows of operator "test" were kept (by|as)/u);
          expect(errorOf(() => ask(after))).toEqual(outcome);
        }
        // A function's state may have the name.
        (await restoredStore([snapshot])).getState(
          was === "windows" ? "slices" : "windows",
          valueState<number>(),
        );
      }
    });

    it("refuses another maximum parallelism, and files of another backend", async () => {
      const snapshot = (await takeSnapshot(Everything.filled(makeBackend).store))!;
      const other = makeBackend().createKeyedStore(storeRequest({ maxParallelism: 256 }));
      await expect(other.restore([snapshot], inMemory)).rejects.toMatchObject({ code: "RESTORE_REFUSED" });
      const store = makeBackend().createKeyedStore(storeRequest({ maxParallelism: EVERYTHING_KEY_GROUPS }));
      const foreign: KeyedStateHandle = {
        kind: "native",
        backend: "of somebody else",
        keyGroups: { start: 0, end: EVERYTHING_KEY_GROUPS },
        header: { kind: "inline", bytes: new Uint8Array() },
        files: [],
      };
      await expect(store.restore([foreign], inMemory)).rejects.toThrowError(refused(/of somebody else/u));
    });

    it("reads nothing of handles that hold none of its key groups", async () => {
      const nothing: KeyedStateHandle = {
        kind: "canonical",
        keyGroups: { start: 0, end: 4 },
        parts: [{ kind: "inline", bytes: new Uint8Array(3) }],
      };
      const store = await restoredStore([nothing], { parallelism: 2, subtask: 1 });
      expect(store.keyCount).toBe(0);
      await expect(restoredStore([nothing])).rejects.toMatchObject({ code: "CHECKPOINT_CORRUPT" });
    });

    it("keeps the watermark by key group", async () => {
      const handles = await Promise.all(
        [0, 1].map(async (subtask) => {
          const { store } = await Everything.make(makeBackend, { parallelism: 2, subtask });
          expect(store.restoredWatermark(store.keyGroups.start)).toBe(-Infinity);
          store.setWatermark(100 + subtask);
          return takeSnapshot(store);
        }),
      );
      let store = await restoredStore(handles);
      const second = keyGroupRange(EVERYTHING_KEY_GROUPS, 2, 1).start;
      expect([store.restoredWatermark(0), store.restoredWatermark(second)]).toEqual([100, 101]);
      // A watermark that has not caught up yet does not take it back.
      store.setWatermark(100.5);
      store = await restoredStore([await takeSnapshot(store)]);
      expect([store.restoredWatermark(0), store.restoredWatermark(second)]).toEqual([100.5, 101]);
    });
  });
}
