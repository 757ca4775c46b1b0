import { describe, expect, it } from "vitest";
import type { TypeInfo } from "../types/type-info.ts";
import { Types } from "../types/types.ts";
import { createMigratingCodec, createValueCodec } from "./value-codec.ts";

const codecs = [true, false];

describe("value codec", () => {
  it.each(codecs)("gives bytes of their own (generate: %s)", (generate) => {
    const codec = createValueCodec(Types.object({ a: Types.int, b: Types.string }), {
      unique: "own",
      generate,
    });
    const first = codec.encode({ a: 1, b: "x" });
    const second = codec.encode({ a: 2, b: "日本" });
    expect([...first]).toStrictEqual([1, 1, 1, 0, 0, 0, 1, 120]);
    expect(codec.decode(first)).toStrictEqual({ a: 1, b: "x" });
    expect(codec.decode(second)).toStrictEqual({ a: 2, b: "日本" });
    expect(first.buffer.byteLength).toBe(first.length);
  });

  it("reads values within larger buffers", () => {
    const codec = createValueCodec(Types.array(Types.string), { unique: "within" });
    const value = codec.encode(["a", "x".repeat(300)]);
    const buffer = new Uint8Array(100_000);
    buffer.set(value, 77);
    expect(codec.decode(buffer.subarray(77, 77 + value.length))).toStrictEqual(["a", "x".repeat(300)]);
    expect(() => codec.decode(buffer.subarray(77, 76 + value.length))).toThrow(
      expect.objectContaining({ code: "CODEC_CORRUPT" }),
    );
    expect(() => codec.decode(buffer.subarray(77, 78 + value.length))).toThrow(
      expect.objectContaining({ code: "CODEC_CORRUPT" }),
    );
  });

  it("refuses what does not fit, by path", () => {
    const codec = createValueCodec(Types.map(Types.string, Types.int), { unique: "map" });
    expect(() => codec.encode(new Map([["a", 0.5]]))).toThrow(/\["a"\]: expected int, got 0.5/);
  });

  it("tells the error of a custom type's decoder", () => {
    const type = Types.custom<Date>({
      name: "Broken",
      version: 1,
      is: (value): value is Date => value instanceof Date,
      encode: () => new Uint8Array(3),
      decode: () => {
        throw new TypeError("no such date");
      },
    });
    const codec = createValueCodec(type, { unique: "broken" });
    expect(() => codec.decode(codec.encode(new Date()))).toThrow(
      expect.objectContaining({ code: "CODEC_CORRUPT", cause: expect.any(TypeError) as unknown }),
    );
  });
});

describe("migrating codec", () => {
  const old = Types.object({ id: Types.int, name: Types.string });

  it.each(codecs)("reads old values and writes new ones (generate: %s)", (generate) => {
    const next = Types.object({
      name: Types.nullable(Types.string),
      id: Types.double,
      tail: Types.optional(Types.string),
    });
    const written = createValueCodec(old, { unique: "old" }).encode({ id: 1, name: "n" });
    const codec = createMigratingCodec(old.description, next, { unique: "next", generate });
    expect(codec.decode(written)).toStrictEqual({ id: 1, name: "n" });
    expect(codec.copy({ id: 0.5, name: null, tail: "t" })).toStrictEqual({ id: 0.5, name: null, tail: "t" });
    expect(
      createValueCodec(next, { unique: "new" }).decode(codec.encode({ id: 2, name: "m" })),
    ).toStrictEqual({ id: 2, name: "m" });
  });

  it("gives a custom type's decoder the version that wrote", () => {
    const version = (n: number): TypeInfo<string> =>
      Types.custom<string>({
        name: "Text",
        version: n,
        is: (value): value is string => typeof value === "string",
        encode: (value) => Buffer.from(value),
        decode: (bytes, wrote) => `${wrote}:${Buffer.from(bytes).toString()}`,
      });
    const written = createValueCodec(version(1), { unique: "v1" }).encode("x");
    expect(createMigratingCodec(version(1).description, version(2), { unique: "v2" }).decode(written)).toBe(
      "1:x",
    );
  });

  it("names the field that can't be read", () => {
    const next = Types.object({ id: Types.string, name: Types.string });
    expect(() => createMigratingCodec(old.description, next, { unique: "no" })).toThrow(
      expect.objectContaining({
        code: "INVALID_TYPE",
        message: "values can't be read with the changed type: id: int can't become string",
      }),
    );
  });
});
