import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Types } from "../../common/types/types.ts";
import { StringKeeper } from "./string-keeper.ts";

/** A string that is cut out of a longer one, and so keeps it alive. */
function cut(text: string, parent = "x".repeat(1 << 20)): string {
  return `${parent}${text}`.slice(parent.length);
}

const LONG = "a string of more than 13 characters";

/** Changes a value as a user function would, and keeps its strings. */
function change<T>(keeper: StringKeeper, value: T, by: (value: T) => void): T {
  const before = keeper.note(value);
  by(value);
  return keeper.keep(value, before, false);
}

/** How many bytes the heap grows by `make`, whose results are held. */
function heapGrowth(make: () => unknown): number {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  gc();
  const before = process.memoryUsage().heapUsed;
  const held = make();
  gc();
  const grown = process.memoryUsage().heapUsed - before;
  return held === undefined ? 0 : grown;
}

describe("StringKeeper", () => {
  it("keeps values what they are", () => {
    const keeper = new StringKeeper(undefined);
    for (let round = 0; round < 3; round++) {
      const value = {
        n: 1,
        tags: [cut(LONG), "short"],
        inner: { name: cut(LONG), list: [{ deep: cut(LONG) }] },
      };
      const expected = structuredClone(value);
      expected.n = 2;
      expected.inner.name = `${LONG}!`;
      expected.tags.push("new");
      const kept = change(keeper, value, (v) => {
        v.n++;
        v.inner.name = cut(`${LONG}!`);
        v.tags.push("new");
      });
      expect(kept).toBe(value);
      expect(kept).toEqual(expected);
    }
    expect(keeper.isDeep).toBe(false);
  });

  it("copies frozen parts instead of changing them", () => {
    const keeper = new StringKeeper(undefined);
    const record = Object.freeze({ name: cut(LONG) });
    const value = change(keeper, { best: undefined as { name: string } | undefined }, (v) => {
      v.best = record;
    });
    expect(value.best).toEqual(record);
    expect(value.best).not.toBe(record);
    expect(change(keeper, Object.freeze({ name: cut(LONG) }), () => {})).toEqual({ name: LONG });
    expect(change(keeper, cut(LONG), () => {})).toBe(LONG);
  });

  it("tells where values are too large to be looked at whole", () => {
    const deep = (value: unknown): boolean => {
      const keeper = new StringKeeper(undefined);
      change(keeper, value, () => {});
      return keeper.isDeep;
    };
    expect(deep({ n: 1, list: Array.from({ length: 1000 }, (_, i) => i) })).toBe(false);
    expect(deep({ list: Array.from({ length: 1000 }, () => "x") })).toBe(true);
    expect(deep({ map: new Map([["a", 1]]) })).toBe(true);
    expect(deep({ a: { b: { c: { d: { e: 1 } } } } })).toBe(true);
    expect(deep(new Map())).toBe(true);
  });

  it("looks at nothing where the type holds no strings", () => {
    const keeper = new StringKeeper(Types.object({ n: Types.int }));
    const value = { n: 1 };
    expect(keeper.note(value)).toEqual([]);
    expect(change(keeper, value, (v) => v.n++)).toBe(value);
  });

  it("lets go of what strings were cut from", () => {
    const keeper = new StringKeeper(undefined);
    const grown = heapGrowth(() =>
      Array.from({ length: 20 }, (_, i) => {
        const value = { last: "", n: i };
        for (let n = 0; n < 3; n++) {
          change(keeper, value, (v) => {
            v.last = cut(LONG, `${i} ${n}${"x".repeat(1 << 20)}`);
          });
        }
        return value;
      }),
    );
    expect(grown).toBeLessThan(5 << 20);
  });
});
