import { describe, expect, it } from "vitest";
import { Types } from "../../common/types/types.ts";
import { deepCopy, NO_CUSTOMS } from "./deep-copy.ts";

describe("deepCopy", () => {
  it("copies plain data of all kinds, sharing nothing", () => {
    const value = {
      n: 1,
      text: "x",
      nothing: null,
      missing: undefined,
      list: [1, [2, { deep: true }]],
      map: new Map<unknown, unknown>([["k", { v: 1 }]]),
      set: new Set([1, "a"]),
      date: new Date(5),
      bytes: new Uint8Array([1, 2]),
      doubles: new Float64Array([1.5, -0]),
      buffer: new Uint8Array([3]).buffer,
      big: 5n,
    };
    const copy = deepCopy(value, NO_CUSTOMS);
    expect(copy).toEqual(value);
    copy.list.push(3);
    (copy.list[1] as unknown[]).push(4);
    (copy.map.get("k") as { v: number }).v = 2;
    copy.set.add("b");
    copy.date.setTime(6);
    copy.bytes[0] = 9;
    expect(value.list).toEqual([1, [2, { deep: true }]]);
    expect(value.map.get("k")).toEqual({ v: 1 });
    expect([value.set.size, value.date.getTime(), value.bytes[0]]).toEqual([2, 5, 1]);
  });

  it("copies frozen values into changeable ones", () => {
    const copy = deepCopy(Object.freeze({ inner: Object.freeze({ n: 1 }) }), NO_CUSTOMS) as {
      inner: { n: number };
    };
    copy.inner.n = 2;
    expect(copy).toEqual({ inner: { n: 2 } });
  });

  it("keeps an own field named __proto__", () => {
    const value: unknown = JSON.parse('{"__proto__": {"x": 1}, "a": 1}');
    const copy = deepCopy(value, NO_CUSTOMS);
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });

  it("copies a view of a shared buffer alone", () => {
    const view = Buffer.from("abc");
    const copy = deepCopy<Uint8Array>(view, NO_CUSTOMS);
    expect([...copy]).toEqual([...view]);
    expect(copy.buffer).not.toBe(view.buffer);
  });

  it("copies instances of custom types through their codec, and refuses others", () => {
    class Money {
      readonly cents: number;
      constructor(cents: number) {
        this.cents = cents;
      }
    }
    const type = Types.custom<Money>({
      name: "money",
      version: 1,
      is: (value): value is Money => value instanceof Money,
      encode: (money) => Uint8Array.of(money.cents),
      decode: (bytes) => new Money(bytes[0]!),
    });
    const value = { price: new Money(7) };
    const copy = deepCopy(value, type.customs);
    expect(copy.price).toBeInstanceOf(Money);
    expect(copy.price).not.toBe(value.price);
    expect(copy.price.cents).toBe(7);
    expect(() => deepCopy(value, NO_CUSTOMS)).toThrowError(
      expect.objectContaining({ code: "RECORD_TYPE_MISMATCH" }),
    );
  });
});
