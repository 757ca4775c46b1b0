import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../../common/state/descriptors.ts";
import type { StateDescriptor, StateHandle, StateTtl } from "../../../common/state/state.ts";
import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { storeRequest } from "./store-request.ts";
import { inMemory, takeSnapshot } from "./take-snapshot.ts";

const sum = { createAccumulator: () => 0, add: (a: number, b: number) => a + b, getResult: (a: number) => a };

/** Time to live, on every kind. */
export function describeTtl(makeBackend: MakeBackend): void {
  describe("time to live", () => {
    /** A state at key "k"; `at` moves the clock and makes the key current again. */
    function setUp<D extends StateDescriptor>(
      descriptor: D,
    ): { state: StateHandle<D>; store: SnapshotKeyedStore; at: (time: number, key?: string) => void } {
      const clock = new ManualClock();
      const store = makeBackend().createKeyedStore(storeRequest({ clock }));
      const state = store.getState("s", descriptor);
      const at = (time: number, key = "k"): void => {
        clock.advanceTo(time);
        store.setCurrentKey(key);
      };
      at(0);
      return { state, store, at };
    }

    const lazily: StateTtl = { ttl: 100, cleanupPerAccess: 0 };

    it("forgets a value when its time is over, counted from the last write", () => {
      const { state, at } = setUp(valueState<number>(undefined, { ttl: lazily }));
      state.update(1);
      at(60);
      expect(state.value()).toBe(1);
      state.update(2);
      at(159);
      expect(state.value()).toBe(2);
      at(160);
      expect(state.value()).toBeUndefined();
    });

    it("counts from the last read where reading counts", () => {
      const { state, at } = setUp(
        valueState<number>(undefined, { ttl: { ...lazily, update: "onReadAndWrite" } }),
      );
      state.update(1);
      at(90);
      expect(state.value()).toBe(1);
      at(180);
      expect(state.value()).toBe(1);
      at(280);
      expect(state.value()).toBeUndefined();
    });

    it("hands out what is over once more where that is wanted and it is still there", () => {
      const { state, at } = setUp(
        valueState<number>(undefined, { ttl: { ...lazily, visibility: "returnExpiredIfNotCleanedUp" } }),
      );
      state.update(1);
      at(500);
      expect(state.value()).toBe(1);
      expect(state.value()).toBeUndefined();
    });

    it("starts anew what was over when it is changed in place", () => {
      const { state, at } = setUp(valueState<{ n: number }>(undefined, { ttl: lazily }));
      const increment = (): unknown =>
        state.mutate(
          (v) => v.n++,
          () => ({ n: 0 }),
        );
      increment();
      at(50);
      expect(increment()).toEqual({ n: 2 });
      at(149);
      expect(increment()).toEqual({ n: 3 });
      at(249);
      expect(increment()).toEqual({ n: 1 });
    });

    it("forgets elements of lists one by one", () => {
      const { state, store, at } = setUp(listState<number>(undefined, { ttl: lazily }));
      state.add(1);
      at(50);
      state.addAll([2, 3]);
      at(100);
      expect([...state.get()]).toEqual([2, 3]);
      expect(state.size).toBe(2);
      at(150);
      expect([...state.get()]).toEqual([]);
      expect(store.keyCount).toBe(0);
    });

    it("counts the reading of a list for all its elements", () => {
      const { state, at } = setUp(
        listState<number>(undefined, { ttl: { ...lazily, update: "onReadAndWrite" } }),
      );
      state.add(1);
      at(50);
      state.add(2);
      at(90);
      expect([...state.get()]).toEqual([1, 2]);
      at(189);
      expect([...state.get()]).toEqual([1, 2]);
    });

    it("forgets entries of maps one by one", () => {
      const { state, store, at } = setUp(
        mapState<string, { n: number }>(undefined, undefined, { ttl: lazily }),
      );
      const increment = (key: string): unknown =>
        state.mutate(
          key,
          (v) => v.n++,
          () => ({ n: 0 }),
        );
      increment("a");
      at(50);
      increment("b");
      at(100);
      expect(state.get("a")).toBeUndefined();
      expect(state.has("a")).toBe(false);
      expect([...state.entries()]).toEqual([["b", { n: 1 }]]);
      expect(increment("a")).toEqual({ n: 1 });
      expect(increment("b")).toEqual({ n: 2 });
      at(199);
      expect([...state.keys()].sort()).toEqual(["a", "b"]);
      at(200);
      expect(state.size).toBe(0);
      expect(store.keyCount).toBe(0);
    });

    it("counts the reading of a map's entry for that entry", () => {
      const ttl: StateTtl = { ...lazily, update: "onReadAndWrite" };
      const { state, at } = setUp(mapState<string, number>(undefined, undefined, { ttl }));
      state.put("a", 1);
      state.put("b", 2);
      at(90);
      expect(state.get("a")).toBe(1);
      at(150);
      expect([...state.values()]).toEqual([1]);
    });

    it("starts reduced and aggregated values anew", () => {
      const reduced = setUp(reducingState<number>((a, b) => a + b, undefined, { ttl: lazily }));
      const aggregated = setUp(aggregatingState(sum, { ttl: lazily }));
      for (const { state, at } of [reduced, aggregated]) {
        state.add(1);
        at(99);
        state.add(1);
        at(150);
        expect(state.get()).toBe(2);
        at(199);
        state.add(5);
        expect(state.get()).toBe(5);
      }
    });

    it("cleans up other keys in passing", () => {
      for (const descriptor of [
        valueState<number>(undefined, { ttl: { ttl: 100 } }),
        listState<number>(undefined, { ttl: { ttl: 100 } }),
        mapState<string, number>(undefined, undefined, { ttl: { ttl: 100 } }),
      ]) {
        const { state, store, at } = setUp<StateDescriptor>(descriptor as StateDescriptor);
        const write = (): void => {
          if ("update" in state && "value" in state) state.update(1);
          else if ("add" in state) (state as { add(value: unknown): void }).add(1);
          else if ("put" in state) (state as { put(key: unknown, value: unknown): void }).put("x", 1);
        };
        for (let i = 0; i < 100; i++) {
          at(0, `key-${i}`);
          write();
        }
        expect(store.keyCount).toBe(100);
        for (let i = 0; i < 200; i++) {
          at(100, "other");
          write();
          (state as { readonly size?: number; value?(): unknown }).value?.();
          void (state as { readonly size?: number }).size;
        }
        expect(store.keyCount).toBe(1);
      }
    });

    it("keeps times over a restore, and gives elements that had none the time of the restore", async () => {
      const clock = new ManualClock();
      const backend = makeBackend();
      const before = backend.createKeyedStore(storeRequest({ clock }));
      const timed = before.getState("timed", valueState<number>(undefined, { ttl: lazily }));
      const untimed = before.getState("untimed", listState<number>());
      before.setCurrentKey("k");
      timed.update(1);
      untimed.add(2);
      const snapshot = await takeSnapshot(before);
      clock.advanceTo(60);
      const after = backend.createKeyedStore(storeRequest({ clock }));
      await after.restore([snapshot!], inMemory);
      const timedAfter = after.getState("timed", valueState<number>(undefined, { ttl: lazily }));
      const untimedAfter = after.getState("untimed", listState<number>(undefined, { ttl: lazily }));
      clock.advanceTo(99);
      after.setCurrentKey("k");
      expect([timedAfter.value(), ...untimedAfter.get()]).toEqual([1, 2]);
      clock.advanceTo(100);
      after.setCurrentKey("k");
      expect([timedAfter.value(), ...untimedAfter.get()]).toEqual([undefined, 2]);
      clock.advanceTo(160);
      after.setCurrentKey("k");
      expect([...untimedAfter.get()]).toEqual([]);
    });

    it("leaves out of snapshots what is past its time, and forgets times where there is no time to live any more", async () => {
      const clock = new ManualClock();
      const backend = makeBackend();
      const store = backend.createKeyedStore(storeRequest({ clock }));
      const value = store.getState("value", valueState<number>(undefined, { ttl: lazily }));
      const list = store.getState("list", listState<number>(undefined, { ttl: lazily }));
      const map = store.getState("map", mapState<string, number>(undefined, undefined, { ttl: lazily }));
      const write = (key: string, time: number): void => {
        clock.advanceTo(time);
        store.setCurrentKey(key);
        value.update(time);
        list.add(time);
        map.put(`at ${time}`, time);
      };
      write("old", 0);
      write("both", 0);
      write("both", 60);
      clock.advanceTo(100);
      const snapshot = await takeSnapshot(store);
      const after = backend.createKeyedStore(storeRequest({ clock }));
      await after.restore([snapshot!], inMemory);
      const states = {
        value: after.getState("value", valueState<number>()),
        list: after.getState("list", listState<number>()),
        map: after.getState("map", mapState<string, number>()),
      };
      expect(after.keyCount).toBe(1);
      clock.advanceTo(10_000);
      after.setCurrentKey("both");
      expect([states.value.value(), [...states.list.get()], [...states.map.entries()]]).toEqual([
        60,
        [60],
        [["at 60", 60]],
      ]);
    });
  });
}
