import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { Infer } from "./infer-types.ts";
import type { TypeInfo } from "./type-info.ts";
import { toTypeInfo, type TypeLike } from "./type-like.ts";
import { Types } from "./types.ts";

describe("Types infers", () => {
  it("objects with optional fields, mutable and flat", () => {
    const flight = Types.object({
      date: Types.timestamp,
      delay: Types.int,
      tail: Types.optional(Types.string),
      status: Types.oneOf("landed", "diverted"),
    });
    type Flight = Infer<typeof flight>;
    expectTypeOf<Flight>().toEqualTypeOf<{
      date: number;
      delay: number;
      status: "landed" | "diverted";
      tail?: string;
    }>();
    const record: Flight = { date: 1, delay: 2, status: "landed" };
    record.delay = 3;
  });
  it("collections, tuples, unions, literals", () => {
    const type = Types.object({
      tags: Types.array(Types.string),
      pair: Types.tuple([Types.string, Types.nullable(Types.int)]),
      byName: Types.map(Types.string, Types.bigint),
      seen: Types.set(Types.int),
      counts: Types.record(Types.double),
      at: Types.date,
      raw: Types.bytes,
      kind: Types.literal("a"),
      either: Types.union(Types.string, Types.object({ n: Types.int })),
      free: Types.any,
    });
    expectTypeOf<Infer<typeof type>>().toEqualTypeOf<{
      tags: string[];
      pair: [string, number | null];
      byName: Map<string, bigint>;
      seen: Set<number>;
      counts: Record<string, number>;
      at: Date;
      raw: Uint8Array;
      kind: "a";
      either: string | { n: number };
      free: unknown;
    }>();
  });
  it("custom classes", () => {
    class Money {
      readonly cents = 1;
    }
    const money = Types.custom<Money>({
      name: "Money",
      version: 1,
      is: (value): value is Money => value instanceof Money,
      encode: () => new Uint8Array(),
      decode: () => new Money(),
    });
    expectTypeOf<Infer<typeof money>>().toEqualTypeOf<Money>();
  });
});

describe("TypeLike infers", () => {
  const carried = <T>(type: TypeLike<T>): T => type as T;

  it("the output of a zod schema", () => {
    const schema = z.object({
      id: z.int(),
      at: z.string().transform((text) => new Date(text)),
      tail: z.optional(z.string()),
    });
    expectTypeOf(carried(schema)).toEqualTypeOf<z.output<typeof schema>>();
    expectTypeOf(toTypeInfo(schema)).toEqualTypeOf<TypeInfo<z.output<typeof schema>>>();
  });
  it("the type of a Millrace type", () => {
    expectTypeOf(carried(Types.object({ id: Types.int }))).toEqualTypeOf<{ id: number }>();
  });
});
