import { describe, expect, it } from "vitest";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../../common/state/descriptors.ts";
import { Types } from "../../../common/types/types.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { storeRequest } from "./store-request.ts";

interface Stats {
  n: number;
  last: string;
}

const stats = {
  createAccumulator: (): Stats => ({ n: 0, last: "" }),
  add(accumulator: Stats, value: { name: string }): Stats {
    accumulator.n++;
    accumulator.last = value.name;
    return accumulator;
  },
  getResult: ({ n, last }: Stats): string => `${n} ${last}`,
};

/** Keys and the five kinds of keyed state. */
export function describeKeyedState(makeBackend: MakeBackend): void {
  describe("keyed state", () => {
    it("keeps one value for each key", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const count = store.getState("count", valueState<number>());
      store.setCurrentKey("a");
      expect(count.value()).toBeUndefined();
      count.update(1);
      store.setCurrentKey("b");
      expect(count.value()).toBeUndefined();
      count.update(2);
      store.setCurrentKey("a");
      expect(count.value()).toBe(1);
      count.clear();
      expect(count.value()).toBeUndefined();
      store.setCurrentKey("b");
      expect(count.value()).toBe(2);
      expect(store.currentKey()).toBe("b");
      expect(store.keyCount).toBe(1);
    });

    it("tells keys apart by what they are, and joins those that are the same", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const seen = store.getState("seen", valueState<number>());
      const keys = [
        1,
        "1",
        1n,
        true,
        "true",
        null,
        "null",
        [1],
        ["1"],
        "[1]",
        { a: 1 },
        new Date(1),
        1.5,
        "\u0000s",
        -7,
      ];
      keys.forEach((key, i) => {
        store.setCurrentKey(key);
        expect(seen.value()).toBeUndefined();
        seen.update(i);
      });
      [...keys].forEach((key, i) => {
        store.setCurrentKey(key);
        expect(seen.value()).toBe(i);
      });
      store.setCurrentKey({ b: 2, c: [-0] });
      seen.update(99);
      store.setCurrentKey({ c: [0], b: 2 });
      expect(seen.value()).toBe(99);
      store.setCurrentKey(-0);
      seen.update(7);
      store.setCurrentKey(0);
      expect(seen.value()).toBe(7);
    });

    it("does not confuse a composite key with itself after it was changed", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const seen = store.getState("seen", valueState<string>());
      const key = ["a", 1];
      store.setCurrentKey(key);
      seen.update("first");
      key[1] = 2;
      store.setCurrentKey(key);
      expect(seen.value()).toBeUndefined();
      store.setCurrentKey(["a", 1]);
      expect(seen.value()).toBe("first");
      const keys: unknown[] = [];
      store.forEachKey("seen", (each) => keys.push(each));
      expect(keys).toEqual([["a", 1]]);
      seen.clear();
      expect(store.keyCount).toBe(0);
      seen.update("again");
      expect(seen.value()).toBe("again");
    });

    it("keeps keys of maps and tables, whatever becomes of what was given", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const map = store.getState("map", mapState<unknown, number>());
      const table = store.getNamespaceTables<number>("table", undefined).getOrCreate(0);
      const key = ["a", 1];
      store.setCurrentKey("k");
      map.put(key, 1);
      table.put(key, 1);
      key[1] = 2;
      const scan = table.scan();
      expect(scan.next()).toBe(true);
      expect([[...map.keys()], scan.key]).toEqual([[["a", 1]], ["a", 1]]);
      table.remove(["a", 1]);
      expect(table.size).toBe(0);
    });

    it("refuses what can't be a key", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      for (const key of [undefined, NaN, () => 1, Symbol("s"), [undefined], new Map()]) {
        expect(() => store.setCurrentKey(key)).toThrowError(expect.objectContaining({ code: "INVALID_KEY" }));
      }
    });

    it("refuses state without a current key", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const count = store.getState("count", valueState<number>());
      expect(() => count.value()).toThrowError(expect.objectContaining({ code: "STATE_MISUSE" }));
      expect(() => count.update(1)).toThrowError(expect.objectContaining({ code: "STATE_MISUSE" }));
      expect(() => count.clear()).toThrowError(expect.objectContaining({ code: "STATE_MISUSE" }));
      store.setCurrentKey("a");
      count.update(1);
      store.clearCurrentKey();
      expect(() => count.value()).toThrowError(expect.objectContaining({ code: "STATE_MISUSE" }));
      expect(() => store.currentKey()).toThrowError(expect.objectContaining({ code: "STATE_MISUSE" }));
      store.forEachKey("count", () => count.update(2));
      expect(() => count.value()).toThrowError(expect.objectContaining({ code: "STATE_MISUSE" }));
      store.setCurrentKey("a");
      expect(count.value()).toBe(2);
    });

    it("notices a key of another subtask", () => {
      const store = makeBackend().createKeyedStore(storeRequest({ parallelism: 2, subtask: 0 }));
      const count = store.getState("count", valueState<number>());
      const write = (): void => {
        for (let key = 0; key < 50; key++) {
          store.setCurrentKey(key);
          count.update(key);
        }
      };
      expect(write).toThrowError(expect.objectContaining({ code: "INTERNAL" }));
    });

    it("gives the same handle for the same name, and refuses another kind or type under it", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const descriptor = valueState(Types.int);
      expect(store.getState("s", descriptor)).toBe(store.getState("s", descriptor));
      const misuse = expect.objectContaining({ code: "STATE_MISUSE" });
      expect(() => store.getState("s", listState(Types.int))).toThrowError(misuse);
      expect(() => store.getState("s", valueState(Types.string))).toThrowError(misuse);
      expect(() => store.getNamespacedState("s", descriptor)).toThrowError(misuse);
      expect(() => store.getNamespaceTables("s", Types.int)).toThrowError(misuse);
    });

    it("answers the default value, which is not stored", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const count = store.getState("count", valueState(Types.int, { defaultValue: () => 5 }));
      store.setCurrentKey("a");
      expect(count.value()).toBe(5);
      expect(store.keyCount).toBe(0);
      count.update(6);
      expect(count.value()).toBe(6);
    });

    it("keeps falsy values, and takes undefined for nothing", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const value = store.getState("value", valueState<unknown>());
      const map = store.getState("map", mapState<string, unknown>());
      store.setCurrentKey(1);
      for (const falsy of [0, "", false, null, 0n]) {
        value.update(falsy);
        expect(value.value()).toBe(falsy);
        map.put("k", falsy);
        expect(map.has("k")).toBe(true);
        expect(map.get("k")).toBe(falsy);
      }
      value.update(undefined);
      map.put("k", undefined);
      expect(value.value()).toBeUndefined();
      expect(map.has("k")).toBe(false);
      expect(store.keyCount).toBe(0);
    });

    it("changes values in place", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const value = store.getState("value", valueState<{ n: number }>());
      store.setCurrentKey("a");
      const initial = (): { n: number } => ({ n: 10 });
      expect(value.mutate((v) => v.n++, initial)).toEqual({ n: 11 });
      expect(value.mutate((v) => v.n++, initial)).toEqual({ n: 12 });
      expect(value.value()).toEqual({ n: 12 });
    });

    it("does not change what was given to update, put or initial", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const value = store.getState("value", valueState<{ n: number }>());
      const map = store.getState("map", mapState<string, { n: number }>());
      const record = { n: 1 };
      store.setCurrentKey("a");
      value.update(record);
      value.mutate(
        (v) => v.n++,
        () => record,
      );
      map.put("x", record);
      map.mutate(
        "x",
        (v) => v.n++,
        () => record,
      );
      map.mutate(
        "y",
        (v) => v.n++,
        () => record,
      );
      store.setCurrentKey("b");
      value.mutate(
        (v) => v.n++,
        () => record,
      );
      expect(record).toEqual({ n: 1 });
      expect(map.get("x")).toBeUndefined();
      store.setCurrentKey("a");
      expect([map.get("x"), map.get("y"), value.value()]).toEqual([{ n: 2 }, { n: 2 }, { n: 2 }]);
    });

    it("keeps lists in the order they were added", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const list = store.getState("list", listState<string>());
      store.setCurrentKey("a");
      expect([...list.get()]).toEqual([]);
      list.add("x");
      list.addAll(["y", "z"]);
      expect([...list.get()]).toEqual(["x", "y", "z"]);
      expect(list.size).toBe(3);
      list.update(["q"]);
      expect([...list.get()]).toEqual(["q"]);
      list.update([]);
      expect(list.size).toBe(0);
      expect(store.keyCount).toBe(0);
    });

    it("keeps maps, by the value of their keys", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const map = store.getState("map", mapState<unknown, number>());
      store.setCurrentKey("a");
      const keys = ["x", 1, [1, "x"], { b: 1, a: 2 }, 1n, true, "\u0000"];
      keys.forEach((key, i) => map.put(key, i));
      expect([...map.keys()]).toEqual(keys);
      expect([...map.values()]).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect([...map.entries()]).toEqual(keys.map((key, i) => [key, i]));
      expect(map.get([1, "x"])).toBe(2);
      expect(map.get({ a: 2, b: 1 })).toBe(3);
      map.remove([1, "x"]);
      map.remove("not there");
      expect(map.has([1, "x"])).toBe(false);
      expect(map.size).toBe(6);
      const entries = map.entries();
      expect([...entries]).toEqual([...entries]);
      for (const key of map.keys()) map.remove(key);
      expect(map.size).toBe(0);
      expect(store.keyCount).toBe(0);
    });

    it("reduces", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const highest = store.getState("highest", reducingState<number>(Math.max));
      store.setCurrentKey("a");
      expect(highest.get()).toBeUndefined();
      for (const n of [3, 9, 4]) highest.add(n);
      expect(highest.get()).toBe(9);
      highest.clear();
      expect(highest.get()).toBeUndefined();
    });

    it("aggregates, in place or by replacing", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const inPlace = store.getState("inPlace", aggregatingState(stats));
      const replacing = store.getState(
        "replacing",
        aggregatingState({
          createAccumulator: () => 0,
          add: (a: number, b: number) => a + b,
          getResult: (a: number) => -a,
        }),
      );
      store.setCurrentKey("a");
      expect(inPlace.get()).toBeUndefined();
      expect(replacing.get()).toBeUndefined();
      for (const name of ["x", "y"]) inPlace.add({ name });
      for (const n of [1, 2]) replacing.add(n);
      expect(inPlace.get()).toBe("2 y");
      expect(replacing.get()).toBe(-3);
    });

    it("does not hand out an accumulator that changes afterwards", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const state = store.getState("s", aggregatingState({ ...stats, getResult: (a: Stats) => a }));
      store.setCurrentKey("a");
      state.add({ name: "x" });
      const first = state.get();
      state.add({ name: "y" });
      expect(first).toEqual({ n: 1, last: "x" });
    });

    it("refuses functions that answer undefined", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const misuse = expect.objectContaining({ code: "STATE_MISUSE" });
      const reduced = store.getState(
        "r",
        reducingState((): number => undefined as never),
      );
      const aggregated = store.getState("a", aggregatingState({ ...stats, add: () => undefined as never }));
      store.setCurrentKey("a");
      reduced.add(1);
      expect(() => reduced.add(2)).toThrowError(misuse);
      expect(() => aggregated.add({ name: "x" })).toThrowError(misuse);
    });

    it("refuses what can't be kept, naming the path", () => {
      class Point {
        readonly x = 1;
      }
      const store = makeBackend().createKeyedStore(storeRequest());
      const untyped = store.getState("untyped", valueState<unknown>());
      const typed = store.getState("typed", valueState(Types.object({ n: Types.int })));
      store.setCurrentKey("a");
      const mismatch = (path: string): unknown =>
        expect.objectContaining({ code: "RECORD_TYPE_MISMATCH", message: expect.stringContaining(path) });
      expect(() => untyped.update({ at: new Point() })).toThrowError(mismatch("at"));
      expect(() => untyped.update({ f: () => 1 })).toThrowError(mismatch("f"));
      expect(() => typed.update({ n: "x" } as never)).toThrowError(mismatch("n"));
    });

    it("visits the keys of a state, each made current in turn", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const value = store.getState("value", valueState<number>());
      const other = store.getState("other", valueState<number>());
      for (const key of ["a", "b", 3]) {
        store.setCurrentKey(key);
        value.update(1);
      }
      store.setCurrentKey("only other");
      other.update(1);
      const seen: unknown[] = [];
      store.forEachKey("value", (key) => {
        seen.push(key);
        expect(store.currentKey()).toBe(key);
        value.update((value.value() ?? 0) + 1);
        if (key === "b") value.clear();
      });
      expect(new Set(seen)).toEqual(new Set(["a", "b", 3]));
      expect(store.currentKey()).toBe("only other");
      store.setCurrentKey(3);
      expect(value.value()).toBe(2);
      expect(store.keyCount).toBe(3);
    });

    it("counts keys and takes their places again", () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const a = store.getState("a", valueState<number>());
      const b = store.getState("b", listState<number>());
      for (let round = 0; round < 3; round++) {
        for (let key = 0; key < 300; key++) {
          store.setCurrentKey(key);
          a.update(key);
          b.add(key);
        }
        expect(store.keyCount).toBe(300);
        for (let key = 0; key < 300; key++) {
          store.setCurrentKey(key);
          expect([a.value(), [...b.get()]]).toEqual([key, [key]]);
          a.clear();
          if (key % 2 === 0) b.clear();
        }
        expect(store.keyCount).toBe(150);
        for (let key = 1; key < 300; key += 2) {
          store.setCurrentKey(key);
          b.clear();
        }
        expect(store.keyCount).toBe(0);
      }
    });

    it("shows who changes what state handed out, where values are frozen", () => {
      const store = makeBackend().createKeyedStore(storeRequest({ freeze: true }));
      const value = store.getState(
        "value",
        valueState<{ n: number; tags: string[]; at: Map<string, number> }>(),
      );
      const list = store.getState("list", listState<{ n: number }>());
      const map = store.getState("map", mapState<string, { n: number }>());
      const reduced = store.getState(
        "reduced",
        reducingState<{ n: number }>((a) => a),
      );
      const parts = {
        createAccumulator: () => ({ items: [] as number[] }),
        getResult: (a: { items: number[] }) => a.items,
      };
      const aggregated = store.getState(
        "aggregated",
        aggregatingState({
          ...parts,
          add(accumulator, value: number) {
            accumulator.items.push(value);
            return accumulator;
          },
        }),
      );
      store.setCurrentKey("a");
      value.update({ n: 1, tags: ["x"], at: new Map([["a", 1]]) });
      list.add({ n: 1 });
      map.put("k", { n: 1 });
      reduced.add({ n: 1 });
      aggregated.add(1);
      // `any`, because the types rightly forbid what is tried here.
      const mutable = (handedOut: unknown): any => handedOut;
      expect(() => (mutable(value.value()).n = 2)).toThrowError(TypeError);
      expect(() => mutable(value.value()).tags.push("y")).toThrowError(TypeError);
      expect(() => mutable(value.value()).at.set("b", 2)).toThrowError(
        expect.objectContaining({ code: "STATE_MISUSE" }),
      );
      expect(() => mutable(list.get()).push({ n: 2 })).toThrowError(TypeError);
      expect(() => ([...mutable(list.get())][0].n = 2)).toThrowError(TypeError);
      expect(() => (mutable(map.get("k")).n = 2)).toThrowError(TypeError);
      expect(() => ([...mutable(map.values())][0].n = 2)).toThrowError(TypeError);
      expect(() => (mutable(reduced.get()).n = 2)).toThrowError(TypeError);
      // The result is a part of the accumulator that the next add changes: found out.
      expect(aggregated.get()).toEqual([1]);
      expect(() => aggregated.add(2)).toThrowError(TypeError);
      // What is changed in the right way still works.
      value.mutate(
        (v) => {
          v.n++;
          v.tags.push("y");
          v.at.set("b", 2);
        },
        () => ({ n: 0, tags: [], at: new Map() }),
      );
      expect(value.value()).toMatchObject({ n: 2, tags: ["x", "y"] });
      expect(value.value()?.at.get("b")).toBe(2);
      map.mutate(
        "k",
        (v) => v.n++,
        () => ({ n: 0 }),
      );
      expect(map.get("k")).toEqual({ n: 2 });
      list.add({ n: 2 });
      expect(list.size).toBe(2);
    });
  });
}
