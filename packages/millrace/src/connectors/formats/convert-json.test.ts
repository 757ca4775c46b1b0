import { describe, expect, it } from "vitest";
import * as z from "zod";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { Types } from "../../common/types/types.ts";
import { schemaType } from "../base/schema.ts";
import { jsonConverter } from "./convert-json.ts";

const type = Types.object({
  id: Types.int,
  at: Types.timestamp,
  day: Types.date,
  big: Types.bigint,
  raw: Types.bytes,
  note: Types.nullable(Types.string),
  tail: Types.optional(Types.string),
  tags: Types.set(Types.string),
  counts: Types.map(Types.string, Types.int),
  pairs: Types.map(Types.int, Types.string),
  place: Types.object({ city: Types.string, at: Types.tuple([Types.double, Types.double]) }),
  either: Types.union(Types.int, Types.string),
});

const json = {
  id: 7,
  at: "2001-01-01T00:00:00Z",
  day: 1000,
  big: "123456789012345678901234567890",
  raw: "AQID",
  tags: ["a", "b", "a"],
  counts: { x: 1 },
  pairs: [[1, "one"]],
  place: { city: "Rome", at: [1.5, 2], unknown: true },
  either: "seven",
};

describe("jsonConverter", () => {
  it("makes values of the declared types", () => {
    expect(jsonConverter(type)(json)).toEqual({
      id: 7,
      at: Date.UTC(2001, 0, 1),
      day: new Date(1000),
      big: 123456789012345678901234567890n,
      raw: new Uint8Array([1, 2, 3]),
      note: null,
      tail: undefined,
      tags: new Set(["a", "b"]),
      counts: new Map([["x", 1]]),
      pairs: new Map([[1, "one"]]),
      place: { city: "Rome", at: [1.5, 2] },
      either: "seven",
    });
  });

  it.each([
    [{ ...json, id: 1.5 }, "id: expected int, got 1.5"],
    [{ ...json, id: undefined }, "id: expected int, but it is missing"],
    [
      { ...json, at: "yesterday" },
      `at: expected timestamp (ms since the epoch, or ISO 8601), got "yesterday"`,
    ],
    [{ ...json, place: { city: "Rome", at: [1, null] } }, "place.at[1]: expected double, got null"],
    [{ ...json, counts: { x: "1" } }, `counts.x: expected int, got "1"`],
    [{ ...json, either: true }, "either: expected int | string, got true"],
    [[], "expected an object, got []"],
  ])("says what is wrong, and where (%#)", (value, message) => {
    expect(() => jsonConverter(type)(value)).toThrow(message);
  });

  it("does not take what an object inherits for a field", () => {
    expect(() => jsonConverter(Types.object({ toString: Types.any }))({})).toThrow(
      "toString: expected a value",
    );
  });

  it("lets a Standard Schema check and convert", () => {
    const convert = jsonConverter(schemaType(z.object({ n: z.coerce.number() }))!);
    expect(convert({ n: "12" })).toEqual({ n: 12 });
    expect(() => convert({ n: "x" })).toThrow(/^n: /u);
  });

  it("refuses classes when the program is built", () => {
    const custom = Types.custom<URL>({
      name: "url",
      version: 1,
      is: (value) => value instanceof URL,
      encode: (value) => Buffer.from(value.href),
      decode: (bytes) => new URL(Buffer.from(bytes).toString()),
    });
    const error = ((): unknown => {
      try {
        return jsonConverter(Types.object({ url: custom }));
      } catch (e) {
        return e;
      }
    })();
    expect(MillraceError.is(error, "INVALID_TYPE")).toBe(true);
  });
});
