import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../errors/millrace-error.ts";
import type { TypeInfo } from "../types/type-info.ts";
import { Types } from "../types/types.ts";
import { acceptsValue } from "../types/validate-value.ts";
import { createRecordCheck } from "./record-check.ts";

const Order = Types.object({
  id: Types.int,
  at: Types.timestamp,
  price: Types.double,
  paid: Types.boolean,
  note: Types.nullable(Types.string),
  tags: Types.array(Types.string),
  inner: Types.object({ constructor: Types.string, deep: Types.bigint }),
  extra: Types.optional(Types.string),
}) as TypeInfo<unknown>;

const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true });
const nearlyOrder = fc.record(
  {
    id: fc.oneof(fc.integer(), fc.constant(0.5), fc.constant(2 ** 53)),
    at: fc.oneof(fc.double(), fc.date()),
    price: fc.oneof(fc.double(), fc.string()),
    paid: fc.oneof(fc.boolean(), fc.constant(1)),
    note: fc.oneof(fc.string(), fc.constant(null), fc.constant(undefined)),
    tags: fc.array(fc.oneof({ weight: 9, arbitrary: fc.string() }, fc.integer())),
    inner: fc.oneof(
      fc.record({ constructor: fc.string(), deep: fc.bigInt() }),
      fc.constant({ deep: 1n }),
      anything,
    ),
    extra: fc.oneof(fc.string(), fc.constant(undefined), fc.integer()),
    more: fc.integer(),
  },
  { requiredKeys: [] },
);

describe("createRecordCheck", () => {
  it("accepts exactly what the type accepts", () => {
    const check = createRecordCheck(Order, "test");
    const valid = {
      id: 1,
      at: 2,
      price: 3.5,
      paid: true,
      note: null,
      tags: ["a"],
      inner: { constructor: "c", deep: 1n },
    };
    expect(() => check(valid)).not.toThrow();
    fc.assert(
      fc.property(
        fc.oneof(
          anything,
          nearlyOrder,
          nearlyOrder.map((part) => ({ ...valid, ...part })),
        ),
        (value) => {
          let refused = false;
          try {
            check(value);
          } catch (error) {
            if (!MillraceError.is(error, "RECORD_TYPE_MISMATCH")) throw error;
            refused = true;
          }
          expect(refused).toBe(!acceptsValue(Order, value));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("names the path of what doesn't fit", () => {
    const check = createRecordCheck(
      Types.object({ user: Types.object({ age: Types.int }) }) as TypeInfo<unknown>,
      "test",
    );
    expect(() => check({ user: { age: "12" } })).toThrow(/user\.age: expected int, got "12"/u);
  });

  it("refuses instances of classes at their first use where no type is declared", () => {
    class Money {
      readonly cents = 1;
    }
    expect(() => createRecordCheck(undefined, "test")({ price: new Money() })).toThrow(/price.*Money/u);
    expect(() =>
      createRecordCheck(undefined, "test")({ price: 1n, at: new Date(), tags: new Set(["a"]) }),
    ).not.toThrow();
  });
});
