import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalKeyBytes } from "./canonical-key-bytes.ts";
import { hashKey, KEY_HASH_VERSION } from "./hash-key.ts";
import { deriveMaxParallelism, keyGroupOf, keyGroupRange, subtaskOfKeyGroup } from "./key-groups.ts";
import { isKeyItself, keyIndex } from "./key-index.ts";
import { murmur3 } from "./murmur3.ts";

const SEED = 20_240_611;

const primitive = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "",
    "a",
    "ab",
    "abc",
    "abcd",
    "\u0000",
    "\u0000c\u0003",
    "\u0000s",
    "\u00ff",
    "\u0100",
    "\ud800",
    "x".repeat(300),
  ),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.constantFrom(-0, 2 ** 31, -(2 ** 31), Infinity, -Infinity),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt(),
  fc.constantFrom(0n, -1n, 255n, 256n, 2n ** 64n, -(2n ** 64n)),
);
const key = fc.letrec((tie) => ({
  key: fc.oneof(
    { depthSize: "small" },
    primitive,
    fc.date({ noInvalidDate: true }),
    fc.array(tie("key"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("__proto__", "a", "b", "é", "日")), tie("key"), {
      maxKeys: 4,
    }),
  ),
})).key;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const same = (a: unknown, b: unknown): boolean => hex(canonicalKeyBytes(a)) === hex(canonicalKeyBytes(b));

describe("murmur3", () => {
  // Vectors of the reference implementation, seed 0.
  it.each([
    ["", 0],
    ["a", 0x3c2569b2],
    ["hello", 0x248bfa47],
    ["hello, world", 0x149bbb7f],
    ["The quick brown fox jumps over the lazy dog", 0x2e4ff723],
  ])("of %j", (text, hash) => {
    expect(murmur3(Buffer.from(text)) >>> 0).toBe(hash);
  });
});

describe("canonicalKeyBytes", () => {
  it.each([
    [null, "00"],
    [false, "01"],
    [true, "02"],
    [0, "0300000000"],
    [-0, "0300000000"],
    [-2, "03feffffff"],
    [0.5, "04000000000000e03f"],
    [2 ** 31, "04000000000000e041"],
    ["", "0500000000"],
    ["aé", "050200000061e9"],
    ["日\ud800", "0602000000e56500d8"],
    [0n, "070000000000"],
    [-256n, "0701020000000001"],
    [new Date(1), "08000000000000f03f"],
    [[1, "a"], "09020000000301000000050100000061"],
    [{ b: 1, a: null }, "0a02000000050100000061000501000000620301000000"],
  ])("of %o", (value, expected) => {
    expect(hex(canonicalKeyBytes(value))).toBe(expected);
  });

  it("does not depend on the order of fields, nor on prototypes", () => {
    expect(same({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toBe(true);
    expect(same({ a: 1 }, Object.assign(Object.create(null) as object, { a: 1 }))).toBe(true);
  });

  it("tells kinds apart", () => {
    const keys = [
      1,
      "1",
      1n,
      true,
      [1],
      ["1"],
      { 0: 1 },
      [[1]],
      new Date(1),
      null,
      [],
      {},
      "",
      [null],
      0,
      false,
    ];
    expect(new Set(keys.map((one) => hex(canonicalKeyBytes(one)))).size).toBe(keys.length);
  });

  class Money {
    readonly cents = 1;
  }
  it.each([
    [undefined, /^key is undefined \(operator "count"\)$/],
    [Number.NaN, /^key is NaN/],
    [() => 1, /^key is a function/],
    [Symbol("x"), /^key is a symbol/],
    [new Money(), /^key is an instance of Money/],
    [new Map(), /^key is an instance of Map/],
    [new Uint8Array(), /^key is an instance of Uint8Array/],
    [new Date(Number.NaN), /^key is an invalid Date/],
    [[1, undefined], /^key\[1\] is undefined/],
    [{ user: { id: Number.NaN } }, /^key\.user\.id is NaN/],
    [{ "a b": [undefined] }, /^key\["a b"\]\[0\] is undefined/],
  ])("refuses %o", (value, message) => {
    for (const use of [canonicalKeyBytes, hashKey, keyIndex]) {
      let error: unknown;
      try {
        use(value, 'operator "count"');
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({
        code: "INVALID_KEY",
        message: expect.stringMatching(message) as unknown,
      });
      expect((error as { help: string }).help).not.toBe("");
    }
  });

  it("refuses keys without end", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => canonicalKeyBytes(cycle)).toThrow(/^key is nested deeper than 32 levels, or cyclic$/);
  });
});

describe("hashKey", () => {
  it("is the hash of the canonical bytes", () => {
    fc.assert(
      fc.property(key, (one) => hashKey(one) === murmur3(canonicalKeyBytes(one))),
      { seed: SEED, numRuns: 3000 },
    );
  });

  it("takes strings of all lengths and characters the same way", () => {
    for (const char of ["a", "é", "ÿ", "Ā", "日"]) {
      for (let length = 0; length < 40; length++) {
        const text = "x".repeat(length) + char;
        expect(hashKey(text)).toBe(murmur3(canonicalKeyBytes(text)));
      }
    }
  });

  // State is found by these: a change needs a new KEY_HASH_VERSION.
  it.each([
    ["N12345", 1290601562],
    [42, 1769523029],
    [0.5, 1897284950],
    [true, 1814548639],
    [null, 1364076727],
    ["日本", 1085573066],
    [["a", 1], -1514690730],
    [{ a: 1, b: "x" }, -525374613],
    [7n, 1159733765],
    [new Date(1_700_000_000_000), 244372649],
  ])("of %o stays what it is", (value, hash) => {
    expect([KEY_HASH_VERSION, hashKey(value)]).toStrictEqual([1, hash]);
  });
});

describe("keyIndex", () => {
  it("is equal for equal keys only", () => {
    const indexed = (one: unknown): Map<unknown, number> => new Map([[keyIndex(one), 1]]);
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(indexed(a).has(keyIndex(b))).toBe(same(a, b));
        expect(indexed(a).has(keyIndex(structuredClone(a)))).toBe(true);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  it("keeps composite keys apart from strings that look like their index", () => {
    const index = keyIndex([1]) as string;
    expect(keyIndex(index)).not.toBe(index);
    expect(keyIndex(keyIndex(index))).not.toBe(keyIndex(index));
    expect([
      keyIndex("a"),
      isKeyItself("a"),
      isKeyItself(index),
      isKeyItself(keyIndex("\u0000")),
    ]).toStrictEqual(["a", true, false, false]);
  });
});

describe("key groups", () => {
  it("lie within the maximum parallelism and spread", () => {
    const counts = Array.from({ length: 128 }, () => 0);
    for (let i = 0; i < 12_800; i++) counts[keyGroupOf(hashKey(`key-${i}`), 128)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(Math.max(...counts)).toBeLessThan(170);
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 32_768 }), (hash, max) => {
        const group = keyGroupOf(hash, max);
        expect(Number.isInteger(group) && group >= 0 && group < max).toBe(true);
      }),
      { seed: SEED },
    );
  });

  it("are divided without gap or overlap, evenly, and found again", () => {
    const sizes = fc
      .integer({ min: 1, max: 32_768 })
      .chain((max) => fc.tuple(fc.constant(max), fc.integer({ min: 1, max: Math.min(max, 200) })));
    fc.assert(
      fc.property(sizes, ([max, parallelism]) => {
        let next = 0;
        for (let subtask = 0; subtask < parallelism; subtask++) {
          const { start, end } = keyGroupRange(max, parallelism, subtask);
          expect(start).toBe(next);
          expect(Math.abs(end - start - max / parallelism)).toBeLessThan(1);
          expect(subtaskOfKeyGroup(max, parallelism, start)).toBe(subtask);
          expect(subtaskOfKeyGroup(max, parallelism, end - 1)).toBe(subtask);
          next = end;
        }
        expect(next).toBe(max);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it.each([
    [1, 128],
    [85, 128],
    [86, 256],
    [100, 256],
    [171, 256],
    [20_000, 32_768],
    [32_768, 32_768],
  ])("of parallelism %i are at most %i", (parallelism, max) => {
    expect(deriveMaxParallelism(parallelism)).toBe(max);
  });

  it.each([0, -1, 1.5, 32_769, Number.NaN])("refuse a parallelism of %s", (parallelism) => {
    expect(() => deriveMaxParallelism(parallelism)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});
