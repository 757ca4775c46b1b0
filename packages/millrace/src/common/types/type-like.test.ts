import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MillraceError } from "../errors/millrace-error.ts";
import { describeType } from "./describe-type.ts";
import { Types } from "./types.ts";
import { toTypeInfo } from "./type-like.ts";

describe("toTypeInfo", () => {
  it("takes a Millrace type as it is", () => {
    const type = Types.object({ id: Types.int });
    expect(toTypeInfo(type)).toBe(type);
  });

  it("describes a zod schema by its output", () => {
    const schema = z.object({
      id: z.int(),
      price: z.number().optional(),
      url: z.url(),
      status: z.enum(["landed", "diverted"]),
      tags: z.array(z.string()),
      tail: z.string().nullable(),
      either: z.union([z.string(), z.boolean()]),
      kind: z.literal("flight"),
      counts: z.record(z.string(), z.int()),
      pair: z.tuple([z.string(), z.int()]),
      gate: z.string().default("A"),
      at: z.date(),
      event: z.discriminatedUnion("t", [
        z.object({ t: z.literal("a"), v: z.int() }),
        z.object({ t: z.literal("b") }),
      ]),
      open: z.looseObject({ a: z.string() }),
      chosen: z.literal([1, null]),
    });
    expect(describeType(toTypeInfo(schema).description)).toBe(
      '{ id: int, price?: double, url: string, status: "landed" | "diverted", tags: string[], tail: string | null, ' +
        'either: string | boolean, kind: "flight", counts: record<int>, pair: [string, int], gate: string, at: any, ' +
        'event: { t: "a", v: int } | { t: "b" }, open: any, chosen: 1 | null }',
    );
  });

  it("carries recursive and transforming schemas as any", () => {
    const tree = z.object({
      value: z.int(),
      get next() {
        return tree.optional();
      },
    });
    expect(describeType(toTypeInfo(tree).description)).toBe("{ value: int, next?: any }");
    expect(describeType(toTypeInfo(z.string().transform((text) => text.length)).description)).toBe("any");
  });

  it("carries schemas that can't describe themselves as any", () => {
    const schema = {
      "~standard": { version: 1 as const, vendor: "own", validate: (value: unknown) => ({ value }) },
    };
    expect(toTypeInfo(schema).description).toStrictEqual({ kind: "any" });
  });

  it("validates with the schema's own rules and names paths", () => {
    const type = toTypeInfo(
      z.object({ user: z.object({ tags: z.array(z.string().min(2)) }), n: z.coerce.number() }),
    );
    expect(type.validate?.({ user: { tags: ["ab", "x"] }, n: "5" })).toMatchObject({
      ok: false,
      issues: [{ path: "user.tags[1]" }],
    });
    expect(type.validate?.({ user: { tags: ["ab"] }, n: "5" })).toStrictEqual({
      ok: true,
      value: { user: { tags: ["ab"] }, n: 5 },
    });
  });

  it("refuses async validation", () => {
    const type = toTypeInfo(z.string().refine(async () => false));
    expect(() => type.validate?.("x")).toThrow(MillraceError);
    expect(() => type.validate?.("x")).toThrow(/validates asynchronously/);
  });

  it.each([undefined, null, 5, "int", {}, () => 1, { "~standard": { version: 2 } }])(
    "refuses %o",
    (value) => {
      expect(() => toTypeInfo(value as never)).toThrow(expect.objectContaining({ code: "INVALID_TYPE" }));
    },
  );
});
