import v8 from "node:v8";
import vm from "node:vm";
import { describe, expect, it } from "vitest";
import type { TypeInfo } from "../types/type-info.ts";
import { Types } from "../types/types.ts";
import { createStateCopier } from "./copy-for-state.ts";
import { flatString } from "./flat-string.ts";

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

/** The heap that `count` strings of 40 characters keep alive, each cut from a text of 100 KB. */
function heapKept(count: number, keep: (text: string) => unknown): number {
  const kept: unknown[] = Array.from({ length: count });
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) {
    const text = Buffer.alloc(100_000, 97 + (i % 26)).toString("latin1");
    kept[i] = keep(text.substring(100 + i, 140 + i));
  }
  collect();
  const after = process.memoryUsage().heapUsed;
  expect(kept).toHaveLength(count);
  return after - before;
}

describe("flatString", () => {
  it.each([
    "",
    "a",
    "twelve chars",
    "thirteen char",
    "日本".repeat(20),
    "\ud800 alone \udc00 here",
    "x".repeat(5000),
  ])("keeps %j as it is", (text) => {
    expect(flatString(`-${text}-`.slice(1, -1))).toBe(text);
  });

  it("lets go of the text that a string was cut from", () => {
    const slices = heapKept(200, (text) => text);
    const flat = heapKept(200, flatString);
    // That slices keep their parent is why this function exists: were it otherwise, it could go.
    expect(slices).toBeGreaterThan(200 * 80_000);
    expect(flat).toBeLessThan(200 * 20_000);
  });
});

describe("createStateCopier", () => {
  const cases: [string, TypeInfo<unknown> | undefined][] = [
    [
      "declared",
      Types.object({
        s: Types.string,
        n: Types.int,
        list: Types.array(Types.nullable(Types.string)),
        pair: Types.tuple([Types.string, Types.int]),
        items: Types.array(Types.object({ name: Types.string })),
      }) as TypeInfo<unknown>,
    ],
    ["undeclared", undefined],
  ];
  const value = {
    s: "x".repeat(40),
    n: 1,
    list: ["y".repeat(40), null],
    pair: ["z".repeat(40), 2],
    items: [{ name: "n" }],
  };

  it.each(cases)("copies what holds strings: %s", (_, type) => {
    for (const generate of [true, false]) {
      const copy = createStateCopier(type, { unique: `copy/${_}/${generate}`, generate })(
        value,
      ) as typeof value;
      expect(copy).toStrictEqual(value);
      expect(copy).not.toBe(value);
      expect(copy.list).not.toBe(value.list);
    }
  });

  it.each(cases)("lets go of frames: %s", (_, type) => {
    const copier = createStateCopier(type, { unique: `heap/${_}` });
    expect(
      heapKept(200, (text) =>
        copier({ s: text, n: 1, list: [text, null], pair: [text, 1], items: [{ name: text }] }),
      ),
    ).toBeLessThan(200 * 20_000);
  });

  it("returns what holds no strings as it is", () => {
    const type = Types.object({
      n: Types.int,
      at: Types.nullable(Types.date),
      raw: Types.bytes,
      kind: Types.oneOf("a", "b"),
    });
    const numbers = { n: 1, at: null, raw: new Uint8Array(2), kind: "a" as const };
    expect(createStateCopier(type, { unique: "same" })(numbers)).toBe(numbers);
  });

  it("copies Maps, Sets, optional fields and hostile names", () => {
    const type = Types.object({
      ["__proto__"]: Types.string,
      byName: Types.map(Types.string, Types.set(Types.string)),
      more: Types.optional(Types.record(Types.string)),
    });
    const deep = { ["__proto__"]: "p", byName: new Map([["k", new Set(["v"])]]) };
    const copy = createStateCopier(type as TypeInfo<unknown>, { unique: "deep" })(deep) as typeof deep;
    expect(copy).toStrictEqual(deep);
    expect(copy.byName).not.toBe(deep.byName);
    expect(Object.hasOwn(copy, "__proto__")).toBe(true);
  });
});
