import { describe, expect, it } from "vitest";
import type { AnyType } from "../../../common/types/infer-types.ts";
import { Types } from "../../../common/types/types.ts";
import type { CapturedEntry, StateMeta } from "../../state/captured-state.ts";
import { OpaqueValue } from "./keyed/opaque-value.ts";
import { stateHeader, stateMetaOf } from "./keyed/state-header.ts";
import { stateMigration } from "./keyed/state-migration.ts";
import { openKeyedPart } from "./open-keyed-part.ts";
import {
  element,
  entriesOf,
  inMemory,
  stateMeta,
  valueEntry,
  writePart,
  type StateSettings,
} from "./testing/write-part.ts";

class Point {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}
/** Version 1 has no y. */
const point = (version: number) =>
  Types.custom<Point>({
    name: "Point",
    version,
    is: (value) => value instanceof Point,
    encode: ({ x, y }) => (version === 1 ? Uint8Array.of(x) : Uint8Array.of(x, y)),
    decode: (bytes, written) => {
      if (bytes.length !== written) throw new RangeError("unknown bytes");
      return new Point(bytes[0]!, bytes[1] ?? 7);
    },
  });

const old = Types.object({ n: Types.int, tag: Types.string });

/** Values written as `from` and read as `to`, in few rows and in many. */
async function migrate(
  from: StateSettings,
  values: readonly unknown[],
  to: StateSettings,
): Promise<unknown[]> {
  const entries = values.map((value, i) => valueEntry(i, value));
  const many = Array.from({ length: 1000 }, () => entries).flat();
  const as = stateMeta(to);
  const part = openKeyedPart(
    inMemory,
    await writePart([stateMeta(from)], { 1: { entries }, 2: { entries: many } }),
  );
  const large = openKeyedPart(inMemory, await writePart([stateMeta(from)], { 1: { entries } }));
  expect(entriesOf(part, 0, 2, as).slice(0, values.length)).toEqual(entriesOf(large, 0, 1, as));
  return entriesOf(part, 0, 1, as).map(({ value }) => (value.kind === "element" ? value.value : value));
}

describe("keyed state whose type has changed", () => {
  const allowed: [
    string,
    AnyType | undefined,
    readonly unknown[],
    AnyType | undefined,
    readonly unknown[],
  ][] = [
    [
      "an optional field was added and a number widened",
      old,
      [{ n: 1, tag: "a" }],
      Types.object({ tag: Types.string, n: Types.double, seen: Types.optional(Types.timestamp) }),
      [{ n: 1, tag: "a" }],
    ],
    [
      "a field became optional",
      old,
      [{ n: 1, tag: "a" }],
      Types.object({ n: Types.optional(Types.int), tag: Types.string }),
      [{ n: 1, tag: "a" }],
    ],
    ["it may be null now", Types.int, [1, 2 ** 40], Types.nullable(Types.int), [1, 2 ** 40]],
    ["a union has more members", Types.oneOf("a", "b"), ["b", "a"], Types.oneOf("z", "a", "b"), ["b", "a"]],
    ["a custom type has another version", point(1), [new Point(1, 2)], point(2), [new Point(1, 7)]],
    [
      "in an array of a custom type",
      Types.array(point(1)),
      [[new Point(1, 2)], []],
      Types.array(point(2)),
      [[new Point(1, 7)], []],
    ],
    ["it is not declared any more", old, [{ n: 1, tag: "a" }], undefined, [{ n: 1, tag: "a" }]],
    ["it is declared as any", undefined, [{ n: 1 }, "x"], Types.any, [{ n: 1 }, "x"]],
    ["it was declared as any", Types.any, [{ n: 1 }, "x"], undefined, [{ n: 1 }, "x"]],
    ["it is declared for the first time", undefined, [{ n: 1, tag: "a" }], old, [{ n: 1, tag: "a" }]],
  ];
  it.each(allowed)("is read: %s", async (_, from, values, to, expected) => {
    expect(await migrate({ type: from }, values, { type: to })).toEqual(expected);
    expect(stateMigration(stateHeader(stateMeta({ type: from })), stateMeta({ type: to })).kind).not.toBe(
      "incompatible",
    );
  });

  const refusals: [
    string,
    StateSettings,
    readonly unknown[],
    StateSettings,
    Record<string, unknown>,
    string,
  ][] = [
    [
      "a field has another type",
      { type: old },
      [{ n: 1, tag: "a" }],
      { type: Types.object({ n: Types.int, tag: Types.int }) },
      { path: "tag", from: "{ n: int, tag: string }", to: "{ n: int, tag: int }" },
      "tag: string can't become int",
    ],
    [
      "a field was removed",
      { type: old },
      [{ n: 1, tag: "a" }],
      { type: Types.object({ n: Types.int }) },
      { path: "tag" },
      "tag: the field was removed, its data would be lost",
    ],
    [
      "a field was added that is not optional",
      { type: Types.object({ n: Types.int }) },
      [{ n: 1 }],
      { type: old },
      { path: "tag" },
      "tag: a field was added that is not optional",
    ],
    [
      "a number was narrowed",
      { type: Types.double },
      [0.5],
      { type: Types.int },
      { path: "", from: "double", to: "int" },
      "double can't become int",
    ],
    [
      "a custom type went back",
      { type: point(2) },
      [new Point(1, 2)],
      { type: point(1) },
      { from: "Point@2", to: "Point" },
      "Point was written by version 2, which version 1 can't read",
    ],
    [
      "a custom type is not declared any more",
      { type: point(1) },
      [new Point(1, 2)],
      {},
      { from: "Point", to: "undeclared data" },
      "Point can't become any",
    ],
    [
      "a value does not fit the type that is declared now",
      {},
      [
        { n: 1, tag: "a" },
        { n: "x", tag: "a" },
      ],
      { type: old },
      { path: "n", from: "undeclared data" },
      'key 1: n: expected int, got "x"',
    ],
    [
      "the kind of state is another",
      {},
      [1],
      { kind: "list" },
      { from: "value state", to: "list state" },
      "it was value state and is list state now",
    ],
    [
      "the layout is another",
      {},
      [1],
      { layout: "namespaced" },
      {},
      "it was value state and is namespaced value state now",
    ],
  ];
  it.each(refusals)("is refused: %s", async (_, from, values, to, details, message) => {
    await expect(migrate(from, values, to)).rejects.toThrowError(
      expect.objectContaining({
        code: "RESTORE_REFUSED",
        message: expect.stringContaining(`state "count" of operator totals can't be restored: ${message}`),
        help: expect.stringMatching(/^It was written as .*, and is declared as .* now\./u),
        details: expect.objectContaining({ operator: "totals", state: "count", ...details }),
      }),
    );
  });

  it("is read with a time to live that was added or removed", async () => {
    const entry = { ...valueEntry("k", 1), value: element(1, 1000) };
    const part = openKeyedPart(
      inMemory,
      await writePart([stateMeta({ ttl: true })], { 1: { entries: [entry] } }),
    );
    expect(entriesOf(part, 0, 1, stateMeta({ ttl: false }))).toEqual([entry]);
    const without = openKeyedPart(
      inMemory,
      await writePart([stateMeta()], { 1: { entries: [valueEntry("k", 1)] } }),
    );
    expect(entriesOf(without, 0, 1, stateMeta({ ttl: true }))).toEqual([valueEntry("k", 1)]);
  });

  it("migrates the keys of maps, too", async () => {
    const from = stateMeta({ kind: "map", keyType: Types.int, type: Types.int });
    const entry: CapturedEntry = {
      key: "k",
      state: 0,
      namespace: undefined,
      value: { kind: "map", entries: [[1, element(2)]] },
    };
    const part = openKeyedPart(inMemory, await writePart([from], { 1: { entries: [entry] } }));
    for (const keyType of [Types.int, Types.double, Types.nullable(Types.int), undefined])
      expect(entriesOf(part, 0, 1, stateMeta({ kind: "map", keyType, type: Types.int }))).toEqual([entry]);
    const as = stateMeta({ kind: "map", keyType: Types.string, type: Types.int });
    expect(() => entriesOf(part, 0, 1, as)).toThrowError(
      expect.objectContaining({
        code: "RESTORE_REFUSED",
        message: expect.stringContaining("the map's key: int can't become string"),
        details: expect.objectContaining({ from: "int", to: "string" }),
      }),
    );
    const untyped = openKeyedPart(
      inMemory,
      await writePart([stateMeta({ kind: "map" })], { 1: { entries: [entry] } }),
    );
    expect(entriesOf(untyped, 0, 1, stateMeta({ kind: "map", keyType: Types.int }))).toEqual([entry]);
    expect(() => entriesOf(untyped, 0, 1, stateMeta({ kind: "map", keyType: Types.string }))).toThrowError(
      /expected string, got 1/u,
    );
  });

  it("blames the program's own codec when it can't read what it has written", async () => {
    const broken = Types.custom<Point>({
      name: "Point",
      version: 1,
      is: (value) => value instanceof Point,
      encode: () => Uint8Array.of(1, 2, 3),
      decode: () => {
        throw new TypeError("no idea");
      },
    });
    await expect(migrate({ type: point(1) }, [new Point(1, 2)], { type: broken })).rejects.toThrowError(
      expect.objectContaining({
        code: "RESTORE_REFUSED",
        message: expect.stringMatching(/the codec of a custom type failed: .*no idea/u),
      }),
    );
  });
});

describe("keyed state without its program", () => {
  const second = point(2);
  const both = Types.union(
    Types.object({ at: second }),
    Types.array(second),
    Types.bytes,
    Types.map(Types.string, second),
  );
  const values = [
    { at: new Point(1, 2) },
    [new Point(3, 4)],
    Uint8Array.of(9),
    new Map([["a", new Point(5, 6)]]),
  ];
  const opaque = (x: number, y: number) => new OpaqueValue("Point", 2, Uint8Array.of(x, y));
  const meta: StateMeta = stateMeta({ type: both });
  const entries = values.map((value, i) => valueEntry(i, value));

  it("has the bytes of custom types in place of values", async () => {
    const part = openKeyedPart(inMemory, await writePart([meta], { 1: { entries } }));
    expect([...part.entries(0, 1, undefined)].map(({ value }) => value)).toEqual(
      [{ at: opaque(1, 2) }, [opaque(3, 4)], Uint8Array.of(9), new Map([["a", opaque(5, 6)]])].map((value) =>
        element(value),
      ),
    );
  });

  it("is written again as it is", async () => {
    const first = await writePart([meta], { 1: { entries } });
    const part = openKeyedPart(inMemory, first);
    const again = [...part.entries(0, 1, undefined)];
    const rewritten = await writePart(part.header.states.map(stateMetaOf), { 1: { entries: again } });
    expect(rewritten).toEqual(first);
    expect(entriesOf(openKeyedPart(inMemory, rewritten), 0, 1, meta)).toEqual(entries);
  });
});
