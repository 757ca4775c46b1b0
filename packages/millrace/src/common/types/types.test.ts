import { describe, expect, it } from "vitest";
import { describeType } from "./describe-type.ts";
import { inferDescription } from "./infer-description.ts";
import { migrationRule } from "./migration-rule.ts";
import { parseDescription } from "./parse-description.ts";
import type { TypeDescription } from "./type-description.ts";
import type { AnyType } from "./infer-types.ts";
import type { CustomCodec } from "./type-info.ts";
import { Types } from "./types.ts";
import { typesEqual } from "./types-equal.ts";
import { unifyDescriptions } from "./unify-descriptions.ts";
import { describeIssue, validateValue } from "./validate-value.ts";

class Money {
  readonly cents = 1;
}
const moneyCodec: CustomCodec<Money> = {
  name: "Money",
  version: 2,
  is: (value): value is Money => value instanceof Money,
  encode: () => new Uint8Array(),
  decode: () => new Money(),
};
const money = Types.custom(moneyCodec);

/** One of each kind, and how it reads. */
const all: readonly (readonly [AnyType, string])[] = (
  [
    [Types.string, "string"],
    [Types.boolean, "boolean"],
    [Types.int, "int"],
    [Types.double, "double"],
    [Types.bigint, "bigint"],
    [Types.timestamp, "timestamp"],
    [Types.date, "date"],
    [Types.bytes, "bytes"],
    [Types.null, "null"],
    [Types.any, "any"],
    [Types.literal("a"), '"a"'],
    [Types.literal(-0), "0"],
    [Types.oneOf("a", "b"), '"a" | "b"'],
    [Types.nullable(Types.oneOf("a", "b")), '("a" | "b") | null'],
    [Types.array(Types.nullable(Types.int)), "(int | null)[]"],
    [Types.set(Types.int), "set<int>"],
    [Types.map(Types.string, Types.int), "map<string, int>"],
    [Types.record(Types.int), "record<int>"],
    [Types.tuple([Types.string, Types.int]), "[string, int]"],
    [Types.object({}), "{}"],
    [
      Types.object({
        date: Types.timestamp,
        delay: Types.int,
        tail: Types.optional(Types.string),
        "a b": money,
      }),
      '{ date: timestamp, delay: int, tail?: string, "a b": Money@2 }',
    ],
    [Types.union(Types.string, Types.object({ n: Types.int })), "string | { n: int }"],
  ] as const
).map(([type, text]) => [type as AnyType, text]);

describe("describeType", () => {
  it.each(all)("reads well: %#", (type, text) => {
    expect(describeType(type.description)).toBe(text);
  });
});

describe("typesEqual and parseDescription", () => {
  it("tell all kinds apart, and find them again in JSON", () => {
    for (const [a] of all) {
      for (const [b] of all) expect(typesEqual(a.description, b.description)).toBe(a === b);
      const parsed = parseDescription(JSON.parse(JSON.stringify(a.description)));
      expect(typesEqual(parsed, a.description)).toBe(true);
    }
  });

  it.each([
    [null, "type: expected an object"],
    [{ kind: "integer" }, 'type: unknown kind "integer"'],
    [{ kind: "array" }, "type.element: expected an object"],
    [
      { kind: "object", fields: [{ name: "a", type: { kind: "int" } }] },
      "type.fields[0]: a field has a name",
    ],
    [
      { kind: "object", fields: [1, 2].map(() => ({ name: "a", type: { kind: "int" }, optional: false })) },
      'a second field "a"',
    ],
    [{ kind: "literal", value: null }, "a literal is a string"],
    [{ kind: "custom", name: "x" }, "a custom type has a name and a version"],
    [
      { kind: "union", members: Array.from({ length: 300 }, () => ({ kind: "int" })) },
      "a union of more than",
    ],
    [
      Array(200)
        .fill(0)
        .reduce<object>((element) => ({ kind: "array", element }), { kind: "int" }),
      "nested deeper",
    ],
  ])("refuse %#", (json, message) => {
    expect(() => parseDescription(json)).toThrow(
      expect.objectContaining({ code: "INVALID_TYPE", message: expect.stringContaining(message) as string }),
    );
  });
});

describe("Types", () => {
  it("gathers the codecs of custom types", () => {
    const type = Types.object({ a: Types.array(money), b: Types.optional(Types.map(Types.string, money)) });
    expect([...type.customs]).toStrictEqual([["Money", moneyCodec]]);
  });

  it("is frozen", () => {
    const type = Types.object({ a: Types.int });
    expect(() => {
      (type as { description: unknown }).description = 1;
    }).toThrow(TypeError);
    expect(
      Object.isFrozen(type.description) && Object.isFrozen((type.description as { fields: object }).fields),
    ).toBe(true);
  });

  it.each([
    [() => Types.object({ a: "int" as never }), /the field a: expected a type made by Types, got "int"/],
    [() => Types.array(undefined as never), /Types.array: expected a type/],
    [
      () => Types.tuple([Types.int, Types.optional(Types.int) as never]),
      /Types.tuple, element 1: expected a type/,
    ],
    [() => Types.literal(Number.NaN), /a literal number must be finite/],
    [() => Types.oneOf("a", "a"), /takes each string once/],
    [
      () => Types.union(...(Array(300).fill(Types.int) as [typeof Types.int])),
      /a union has 1 to 250 members/,
    ],
    [() => Types.custom({ ...moneyCodec, version: 0 }), /the version of Money must be a whole number from 1/],
    [() => Types.custom({ ...moneyCodec, name: "" }), /a custom type needs a name/],
    [() => Types.tuple([money, Types.custom({ ...moneyCodec })]), /two custom types are named Money/],
  ])("refuses misuse: %#", (make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: "INVALID_TYPE", message: expect.stringMatching(message) as string }),
    );
  });
});

describe("validateValue", () => {
  const issues = (type: AnyType, value: unknown): string[] => validateValue(type, value).map(describeIssue);
  const user = Types.object({
    user: Types.object({ tags: Types.array(Types.int), tail: Types.optional(Types.string) }),
  });

  it("names the path of each thing that does not fit", () => {
    expect(issues(user, { user: { tags: [1, 2, 3, "x"], tail: 5, extra: 1 } })).toStrictEqual([
      'user.tags[3]: expected int, got "x"',
      "user.tail: expected string, got 5",
      "user.extra: the type has no such field",
    ]);
    expect(issues(user, {})).toStrictEqual([
      "user: expected { tags: int[], tail?: string }, but the field is missing",
    ]);
    expect(
      issues(
        Types.map(Types.string, Types.int),
        new Map<unknown, unknown>([
          ["a", "b"],
          [1, 1],
        ]),
      ),
    ).toStrictEqual(['["a"]: expected int, got "b"', "(a key): expected string, got 1"]);
    expect(issues(Types.any, { a: [new Money()] })).toStrictEqual([
      "a[0]: an instance of Money can't be carried",
    ]);
  });

  it("gathers a bounded number of issues", () => {
    expect(issues(Types.array(Types.int), Array(1000).fill("x"))).toHaveLength(20);
  });

  it("accepts what fits", () => {
    expect(issues(user, { user: { tags: [], tail: undefined } })).toStrictEqual([]);
    expect(issues(money, new Money())).toStrictEqual([]);
  });
});

describe("inferDescription", () => {
  const inferred = (value: unknown): string => describeType(inferDescription(value));

  it.each([
    [
      { id: 1, tags: ["a"], at: new Date(), gone: null, maybe: undefined },
      "{ id: int, tags: string[], at: date, gone: null, maybe: any }",
    ],
    [[1, 0.5], "double[]"],
    [["a", 1], "[string, int]"],
    [["a", 1, 1, 1, 1, 1, 1, 1, 1], "any[]"],
    [[], "never[]"],
    [[1, null], "(int | null)[]"],
    [[{ a: 1 }, { a: null }], "{ a: int | null }[]"],
    [[{ a: 1 }, { b: 1 }], "[{ a: int }, { b: int }]"],
    [new Map([["a", 1]]), "map<string, int>"],
    [new Set(["a"]), "set<string>"],
    [new Uint8Array(1), "bytes"],
    [new Float64Array(1), "any"],
    [Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, i])), "any"],
  ])("of %#", (value, text) => {
    expect(inferred(value)).toBe(text);
  });

  it("names what can't be carried", () => {
    expect(() => inferDescription({ user: [{ run: () => 1 }] })).toThrow(
      expect.objectContaining({
        code: "RECORD_TYPE_MISMATCH",
        message: "a record can't be carried: user[0].run: a function can't be carried",
      }),
    );
  });
});

describe("unifyDescriptions", () => {
  it.each([
    ["int", "double", "double"],
    ["int", "string", "any"],
    ["null", "int", "int | null"],
    ["int", "null", "int | null"],
  ] as const)("of %s and %s is %s", (a, b, text) => {
    expect(describeType(unifyDescriptions({ kind: a }, { kind: b }))).toBe(text);
  });

  it("accepts the values of both", () => {
    const values = [
      1,
      0.5,
      "a",
      null,
      true,
      [1],
      ["a"],
      [],
      [1, "a"],
      { a: 1 },
      { a: null },
      { b: 1 },
      new Map(),
      new Map([[1, 2]]),
      new Set([1]),
      undefined,
    ];
    for (const a of values) {
      for (const b of values) {
        const description = unifyDescriptions(inferDescription(a), inferDescription(b));
        for (const value of [a, b])
          expect(validateValue({ description, customs: new Map() }, value)).toStrictEqual([]);
      }
    }
  });
});

describe("migrationRule", () => {
  const rule = (from: AnyType, to: AnyType): unknown => migrationRule(from.description, to.description);
  const old = Types.object({ id: Types.int, name: Types.string });

  it.each(all)("is the same for the same type: %#", (type) => {
    expect(rule(type, type)).toStrictEqual({ kind: "same" });
  });

  it("allows what loses nothing, and tells what changed", () => {
    const next = Types.object({
      name: Types.nullable(Types.string),
      id: Types.double,
      tail: Types.optional(Types.string),
    });
    expect(rule(old, next)).toStrictEqual({
      kind: "compatible",
      changes: ["name became nullable", "id int became double", "tail was added"],
    });
    for (const [from, to] of [
      [Types.oneOf("a", "b"), Types.oneOf("c", "b", "a")],
      [Types.int, Types.union(Types.string, Types.double)],
      [Types.array(Types.int), Types.array(Types.nullable(Types.double))],
      [Types.object({ a: Types.int }), Types.object({ a: Types.optional(Types.int) })],
      [Types.map(Types.string, Types.int), Types.any],
      [Types.null, Types.nullable(Types.int)],
      [Types.custom({ ...moneyCodec, version: 1 }), money],
    ] as const) {
      expect(rule(from, to)).toMatchObject({ kind: "compatible" });
      expect(rule(to, from)).toMatchObject({ kind: "incompatible" });
    }
  });

  it.each([
    [Types.object({ id: Types.int }), "name", "the field was removed, its data would be lost"],
    [
      Types.object({ id: Types.int, name: Types.string, at: Types.date }),
      "at",
      "a field was added that is not optional, old values have none",
    ],
    [Types.object({ id: Types.string, name: Types.string }), "id", "int can't become string"],
    [Types.string, "", "{ id: int, name: string } can't become string"],
  ])("names the field otherwise: %#", (to, path, reason) => {
    expect(rule(old, to)).toStrictEqual({
      kind: "incompatible",
      path,
      reason,
      problems: [{ path, reason }],
    });
  });

  it("names all fields that don't fit", () => {
    const from = Types.object({ a: Types.int, b: Types.string, c: Types.map(Types.string, Types.int) });
    const to = Types.object({ a: Types.string, c: Types.map(Types.int, Types.string), d: Types.int });
    const paths = ["b", "a", "c(a key)", "c[]", "d"];
    expect(rule(from, to)).toMatchObject({ problems: paths.map((path) => ({ path })) });
  });

  it("names fields deep inside", () => {
    const nested = (type: AnyType): AnyType =>
      Types.object({ users: Types.array(Types.object({ age: type })) });
    expect(rule(nested(Types.double), nested(Types.int))).toMatchObject({
      path: "users[].age",
    });
    expect(rule(money, Types.any)).toMatchObject({ kind: "incompatible" });
  });

  it("means that every old value is one of the new type", () => {
    const samples: TypeDescription[] = all.map(([type]) => type.description);
    const values = [
      1,
      0.5,
      "a",
      "b",
      null,
      true,
      5n,
      [1, null],
      ["x", 1],
      { n: 1 },
      {},
      new Map([["a", 1]]),
      new Set([1]),
      new Date(0),
      new Uint8Array(1),
      new Money(),
    ];
    const customs = new Map([["Money", moneyCodec as CustomCodec<unknown>]]);
    for (const from of samples) {
      for (const to of samples) {
        if (migrationRule(from, to).kind === "incompatible") continue;
        for (const value of values) {
          if (validateValue({ description: from, customs }, value).length > 0) continue;
          expect(validateValue({ description: to, customs }, value)).toStrictEqual([]);
        }
      }
    }
  });
});
