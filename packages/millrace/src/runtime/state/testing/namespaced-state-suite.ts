import { describe, expect, it } from "vitest";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../../common/state/descriptors.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { storeRequest } from "./store-request.ts";

const sum = {
  createAccumulator: () => ({ sum: 0 }),
  add(accumulator: { sum: number }, value: number) {
    accumulator.sum += value;
    return accumulator;
  },
  getResult: (accumulator: { sum: number }) => accumulator.sum,
};
const mergeable = { ...sum, merge: (a: { sum: number }, b: { sum: number }) => ({ sum: a.sum + b.sum }) };

/** State by key and namespace. */
export function describeNamespacedState(makeBackend: MakeBackend): void {
  describe("namespaced state", () => {
    it("keeps namespaces of a key apart, few or many", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const state = store.getNamespacedState("s", valueState<number>());
      for (const key of ["a", "b"]) {
        store.setCurrentKey(key);
        for (let i = 0; i < 30; i++) state.in(`${i}:${i + 1}`).update(i + key.charCodeAt(0));
      }
      store.setCurrentKey("a");
      for (let i = 0; i < 30; i++) {
        expect(state.in(`${i}:${i + 1}`).value()).toBe(i + 97);
        if (i % 2 === 0) state.in(`${i}:${i + 1}`).clear();
      }
      expect(state.in("0:1").value()).toBeUndefined();
      expect(state.in("1:2").value()).toBe(98);
      store.setCurrentKey("b");
      expect(state.in("0:1").value()).toBe(98);
    });

    it("gives one handle, whose namespace moves", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const state = store.getNamespacedState("s", listState<number>());
      store.setCurrentKey("a");
      const handle = state.in("x");
      handle.add(1);
      expect(state.in("y")).toBe(handle);
      expect(handle.size).toBe(0);
      expect(store.getNamespacedState("s", listState<number>())).toBe(state);
    });

    it("forgets keys without any namespace left", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const state = store.getNamespacedState("s", mapState<string, number>());
      store.setCurrentKey("a");
      state.in("x").put("k", 1);
      state.in("y").put("k", 1);
      state.in("x").clear();
      expect(store.keyCount).toBe(1);
      state.in("y").remove("k");
      expect(store.keyCount).toBe(0);
    });

    it("merges lists, reduced and aggregated values", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const list = store.getNamespacedState("list", listState<number>());
      const reduced = store.getNamespacedState(
        "reduced",
        reducingState<number>((a, b) => a + b),
      );
      const aggregated = store.getNamespacedState("aggregated", aggregatingState(mergeable));
      store.setCurrentKey("a");
      for (const state of [list, reduced, aggregated]) {
        for (const [namespace, value] of [
          ["x", 1],
          ["y", 2],
          ["z", 4],
        ] as const)
          state.in(namespace).add(value);
        state.merge("x", ["x", "y", "missing"]);
      }
      expect([...list.in("x").get()]).toEqual([1, 2]);
      expect(reduced.in("x").get()).toBe(3);
      expect(aggregated.in("x").get()).toBe(3);
      for (const state of [reduced, aggregated]) {
        expect(state.in("y").get()).toBeUndefined();
        state.merge("new", ["x", "z"]);
        expect(state.in("new").get()).toBe(7);
        state.merge("new", ["nothing", "here"]);
        expect(state.in("new").get()).toBe(7);
        state.merge("none", ["nothing", "here"]);
        expect(state.in("none").get()).toBeUndefined();
      }
    });

    it("refuses to merge what can't be merged", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      store.setCurrentKey("a");
      const misuse = expect.objectContaining({ code: "STATE_MISUSE" });
      expect(() => store.getNamespacedState("v", valueState()).merge("x", ["y"])).toThrowError(misuse);
      expect(() => store.getNamespacedState("m", mapState()).merge("x", ["y"])).toThrowError(misuse);
      expect(() => store.getNamespacedState("a", aggregatingState(sum)).merge("x", ["y"])).toThrowError(
        misuse,
      );
    });
  });
}
