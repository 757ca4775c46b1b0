import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { TypeInfo } from "../types/type-info.ts";
import { Types } from "../types/types.ts";
import { createFrameCodec } from "./create-frame-codec.ts";
import { ElementKind, type BlockEncoder, type FrameCodec } from "./frame-codec.ts";

const flight = Types.object({
  id: Types.int,
  tail: Types.string,
  at: Types.timestamp,
  note: Types.optional(Types.string),
});

class Tag {
  readonly name = "tag";
}

/** The record of every kind below. */
const GOLDEN = [
  "0100000001000000790000001b000000000201000000800000000000007042000000000000e03f000100000000000000",
  "0112000000000000f03f01ff010001010200000101000000010102000000010103000000040000000a05010001050000",
  "00000000008001080000000000000000010e06040000803f01090403010601070005000000000000002d313030303030",
  "3030303030303030303030736d72757a64667471",
].join("");

let uniques = 0;
const codecOf = <T>(type: TypeInfo<T> | undefined, generate = true): FrameCodec<T> =>
  createFrameCodec<T>(type, { unique: `unit/${uniques++}`, generate });

function started<T>(codec: FrameCodec<T>, size = 4096): { encoder: BlockEncoder<T>; bytes: Uint8Array } {
  const bytes = new Uint8Array(size);
  const encoder = codec.createEncoder();
  encoder.begin(bytes, 0, size);
  return { encoder, bytes };
}

function readAll<T>(codec: FrameCodec<T>, block: Uint8Array): T[] {
  const decoder = codec.createDecoder();
  decoder.reset(block, 0, block.length);
  const values: T[] = [];
  while (decoder.next() !== ElementKind.END) values.push(decoder.value);
  return values;
}

describe.each([
  ["generated", true],
  ["interpreted", false],
])("a declared type, %s", (_, generate) => {
  it("names every field that does not fit, and keeps what was written", () => {
    const codec = codecOf(flight, generate);
    const { encoder, bytes } = started(codec);
    const good = { id: 1, tail: "N1", at: 5 };
    encoder.writeRecord(good, 1);
    const before = encoder.size;
    const bad = { id: 1.5, tail: 7, at: Number.NaN, note: null } as never;
    expect(() => encoder.writeRecord(bad, 1)).toThrow(
      expect.objectContaining({
        code: "RECORD_TYPE_MISMATCH",
        message:
          "a record does not fit its declared type { id: int, tail: string, at: timestamp, note?: string }: " +
          "id: expected int, got 1.5; tail: expected string, got 7; at: expected timestamp, got NaN; note: expected string, got null",
        details: { path: "id", record: "{ id: 1.5, tail: 7, at: NaN, note: null }" },
      }),
    );
    expect([encoder.size, encoder.count]).toStrictEqual([before, 1]);
    expect(readAll(codec, bytes.subarray(0, encoder.finish()))).toStrictEqual([good]);
  });

  it.each([
    [{ id: 1, tail: "", at: 0, more: 1 }, /: more: the type has no such field/],
    [{ id: 1, tail: "", at: 0, note: "n", more: 1 }, /: more: the type has no such field/],
    [{ id: 1, tail: "" }, /: at: expected timestamp, but the field is missing/],
    [
      new (class Flight {
        id = 1;
        tail = "";
        at = 0;
      })(),
      /: expected \{.*\}, got Flight \{/,
    ],
    [null, /: expected \{.*\}, got null/],
    [undefined, /: expected \{.*\}, got undefined/],
    [[1, "", 0], /: expected \{.*\}, got \[1/],
  ])("refuses %o", (record, message) => {
    const { encoder } = started(codecOf(flight, generate));
    expect(() => encoder.writeRecord(record as never, 1)).toThrow(message);
    expect(encoder.count).toBe(0);
  });

  it("takes objects without prototype, and undefined for absent", () => {
    const codec = codecOf(flight, generate);
    const { encoder, bytes } = started(codec);
    const bare = Object.assign(Object.create(null) as object, { id: 1, tail: "", at: 0, note: undefined });
    encoder.writeRecord(bare as never, 1);
    const [read] = readAll(codec, bytes.subarray(0, encoder.finish()));
    expect(Object.keys(read!)).toStrictEqual(["id", "tail", "at"]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  it("keeps hostile field names data", () => {
    const names = [
      "__proto__",
      "constructor",
      "hasOwnProperty",
      '"];throw 1;//',
      "`${1}`",
      "*/",
      "\n\u2028",
      "\ud800",
    ];
    const fields = Object.fromEntries(names.map((name) => [name, Types.int]));
    const optional = Object.fromEntries(names.map((name) => [name, Types.optional(Types.int)]));
    const record = Object.fromEntries(names.map((name, i) => [name, i]));
    for (const type of [
      Types.object(fields),
      Types.object(optional),
      Types.record(Types.int),
    ] as TypeInfo<unknown>[]) {
      const codec = codecOf(type, generate);
      const { encoder, bytes } = started(codec);
      encoder.writeRecord(record, 1);
      const [read] = readAll(codec, bytes.subarray(0, encoder.finish())) as [object];
      expect(Object.keys(read)).toStrictEqual(names);
      expect(Object.getOwnPropertyDescriptor(read, "__proto__")?.value).toBe(0);
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("does not take inherited names for fields", () => {
    const { encoder } = started(
      codecOf(Types.object({ toString: Types.optional(Types.any), a: Types.int }), generate),
    );
    expect(encoder.writeRecord({ a: 1 }, 1)).toBe(true);
    const required = started(codecOf(Types.object({ constructor: Types.any }), generate)).encoder;
    expect(() => required.writeRecord({}, 1)).toThrow(/constructor: expected any, but the field is missing/);
  });

  it("tells members of a union apart by their literal field", () => {
    const event = Types.union(
      Types.object({ kind: Types.literal("bid"), price: Types.int }),
      Types.object({ kind: Types.literal("person"), name: Types.string }),
    );
    const codec = codecOf(event, generate);
    const { encoder, bytes } = started(codec);
    const records = [{ kind: "person", name: "Ann" } as const, { kind: "bid", price: 5 } as const];
    for (const record of records) encoder.writeRecord(record, 1);
    expect(() => encoder.writeRecord({ kind: "bid", price: "5" } as never, 1)).toThrow(
      /expected \{ kind: "bid", price: int \} \| /,
    );
    expect(readAll(codec, bytes.subarray(0, encoder.finish()))).toStrictEqual(records);
  });

  it("carries types too large for one function", () => {
    const wide = Types.object(
      Object.fromEntries(Array.from({ length: 60 }, (_x, i) => [`f${i}`, Types.int])),
    );
    const type = Types.array(Types.object({ wide, tags: Types.array(Types.tuple([wide, Types.string])) }));
    const item = Object.fromEntries(Array.from({ length: 60 }, (_x, i) => [`f${i}`, i * 1e9]));
    const record = [
      {
        wide: item,
        tags: [
          [item, "x"],
          [item, "y"],
        ] as [typeof item, string][],
      },
    ];
    const codec = codecOf(type, generate);
    const { encoder, bytes } = started(codec);
    encoder.writeRecord(record, 1);
    expect(() =>
      encoder.writeRecord([{ wide: item, tags: [[{ ...item, f3: "?" }, "x"]] }] as never, 1),
    ).toThrow(/\[0\]\.tags\[0\]\[0\]\.f3: expected int, got "\?"/);
    expect(readAll(codec, bytes.subarray(0, encoder.finish()))).toStrictEqual([record]);
  });
});

describe.each([
  ["declared, generated", flight as TypeInfo<unknown>, true],
  ["declared, interpreted", flight as TypeInfo<unknown>, false],
  ["undeclared, generated", undefined, true],
  ["undeclared, interpreted", undefined, false],
])("room in a block, %s", (_, type, generate) => {
  const record = (tail: string): object => ({ id: 1, tail, at: 7 });

  it("answers false for what does not fit, to the byte, and goes on with the same element", () => {
    const codec = codecOf(type, generate);
    const { encoder } = started(codec);
    encoder.writeRecord(record("abc"), 1);
    encoder.writeRecord(record("defg"), 1);
    const exact = encoder.finish();
    for (const [room, fits] of [
      [exact, true],
      [exact - 1, false],
    ] as const) {
      const bytes = new Uint8Array(room + 2).fill(0xee);
      encoder.begin(bytes, 1, 1 + room);
      expect(encoder.writeRecord(record("abc"), 1)).toBe(true);
      expect(encoder.writeRecord(record("defg"), 1)).toBe(fits);
      const length = encoder.finish();
      expect(length <= room).toBe(true);
      expect(readAll(codec, bytes.slice(1, 1 + length))).toHaveLength(fits ? 2 : 1);
      expect([bytes[0], bytes[room + 1]]).toStrictEqual([0xee, 0xee]);
    }
  });

  it("takes any element into an empty block, and answers with bytes of its own", () => {
    const codec = codecOf(type, generate);
    const { encoder, bytes } = started(codec, 64);
    const large = record("x".repeat(100_000));
    expect(encoder.writeRecord(large, 1)).toBe(true);
    expect(encoder.writeRecord(record("y"), 1)).toBe(false);
    expect(encoder.finish()).toBe(-1);
    expect(readAll(codec, encoder.overflow!)).toStrictEqual([large]);
    expect(bytes).toStrictEqual(new Uint8Array(64));
    encoder.begin(bytes, 0, 64);
    expect(encoder.overflow).toBeUndefined();
    expect(encoder.writeWatermark(1)).toBe(true);
    expect(encoder.finish()).toBe(25);
  });

  it("overflows once when text turns out to need two bytes a character, then counts on it", () => {
    const codec = codecOf(type, generate);
    const { encoder, bytes } = started(codec, 2000);
    const fill = (): number => {
      encoder.begin(bytes, 0, 2000);
      while (encoder.writeRecord(record("日本語".repeat(20)), 1));
      return encoder.finish();
    };
    expect(fill()).toBe(-1);
    expect(readAll(codec, encoder.overflow!).at(-1)).toStrictEqual(record("日本語".repeat(20)));
    const length = fill();
    expect(length).toBeGreaterThan(1700);
    expect(length).toBeLessThanOrEqual(2000);
  });

  it("writes empty blocks", () => {
    const codec = codecOf(type, generate);
    const { encoder, bytes } = started(codec, 16);
    expect(encoder.finish()).toBe(16);
    expect(readAll(codec, bytes)).toStrictEqual([]);
  });

  it("keeps the text of frames out of its reach when it is done", () => {
    const codec = codecOf(type, generate);
    const { encoder, bytes } = started(codec);
    encoder.writeRecord(record("abc"), 1);
    const decoder = codec.createDecoder();
    decoder.reset(bytes, 0, encoder.finish());
    while (decoder.next() !== ElementKind.END);
    expect(decoder.value).toBeUndefined();
    expect((decoder as unknown as { text: string }).text).toBe("");
  });

  it.each([Number.NaN, Infinity])("refuses the timestamp %s", (timestamp) => {
    const { encoder } = started(codecOf(type, generate));
    expect(() => encoder.writeRecord(record("a"), timestamp)).toThrow(/timestamp must be a finite number/);
    expect(encoder.count).toBe(0);
  });
});

describe.each([
  ["generated", true],
  ["interpreted", false],
])("undeclared records, %s", (_, generate) => {
  it("gives all records of a shape the same order of fields", () => {
    const codec = codecOf<object>(undefined, generate);
    const { encoder, bytes } = started(codec);
    const records = [
      { a: 1, b: "x" },
      { b: "y", a: 0.5 },
      { a: -0, b: null },
      { b: "z", a: 2 ** 60 },
    ];
    for (const record of records) encoder.writeRecord(record, 1);
    const read = readAll(codec, bytes.subarray(0, encoder.finish()));
    expect(read).toStrictEqual(records);
    expect(read.map((record) => Object.keys(record).join())).toStrictEqual(["a,b", "a,b", "a,b", "a,b"]);
  });

  it("widens shapes instead of piling them up", () => {
    const codec = codecOf<object>(undefined, generate);
    const { encoder, bytes } = started(codec, 1 << 16);
    const records = Array.from({ length: 500 }, (_x, i) => ({
      n: i % 3 === 0 ? i / 2 : i,
      s: i % 5 === 0 ? null : `s${i}`,
      list: i % 7 === 0 ? [] : [i],
    }));
    for (const record of records) encoder.writeRecord(record, 1);
    const length = encoder.finish();
    expect(readAll(codec, bytes.subarray(0, length))).toStrictEqual(records);
    const announced =
      Buffer.from(bytes.subarray(0, length)).toString("latin1").split('{"kind":"object"').length - 1;
    expect(announced).toBeLessThanOrEqual(5);
  });

  it("announces at most 16 shapes, the rest describe themselves", () => {
    const codec = codecOf<object>(undefined, generate);
    const { encoder, bytes } = started(codec, 1 << 18);
    const records = Array.from({ length: 400 }, (_x, i) => ({ [`key${i % 100}`]: i }));
    for (const record of records) encoder.writeRecord(record, 1);
    const length = encoder.finish();
    expect(readAll(codec, bytes.subarray(0, length))).toStrictEqual(records);
    const announced =
      Buffer.from(bytes.subarray(0, length)).toString("latin1").split('{"kind":"object"').length - 1;
    expect(announced).toBe(16);
  });

  it.each([
    [{ user: { tags: [1, new Tag()] } }, "user.tags[1]: an instance of Tag can't be carried"],
    [{ run: () => 1 }, "run: a function can't be carried"],
    [[Symbol("x")], "[0]: a symbol can't be carried"],
    [{ "a b": /x/ }, '["a b"]: an instance of RegExp can\'t be carried'],
    [new Error("x"), "an instance of Error can't be carried"],
    [new (class Dates extends Date {})(0), "an instance of Dates can't be carried"],
    [{ [Symbol("s")]: 1 }, "fields named by symbols can't be carried"],
    [Promise.resolve(), "an instance of Promise can't be carried"],
  ])("refuses %o by path", (record, message) => {
    const { encoder } = started(codecOf<unknown>(undefined, generate));
    // At its first sight, and among others that were fine.
    for (const count of [0, 30]) {
      for (let i = 0; i < count; i++) encoder.writeRecord({ [`k${i}`]: i }, 1);
      expect(() => encoder.writeRecord(record, 1)).toThrow(
        expect.objectContaining({ code: "RECORD_TYPE_MISMATCH", message: expect.stringContaining(message) }),
      );
      expect(encoder.count).toBe(count);
    }
  });

  it("refuses cycles", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    expect(() => started(codecOf<unknown>(undefined, generate)).encoder.writeRecord(cycle, 1)).toThrow(
      /is it cyclic\?/,
    );
  });

  it("refuses an instance that comes after plain records of the same fields", () => {
    const { encoder } = started(codecOf<unknown>(undefined, generate));
    encoder.writeRecord({ x: 1 }, 1);
    class Point {
      x = 1;
    }
    expect(() => encoder.writeRecord(new Point(), 1)).toThrow(/an instance of Point/);
  });
});

describe("the format", () => {
  const hexOf = <T>(type: TypeInfo<T> | undefined, records: readonly (readonly [T, number])[]): string[] =>
    [true, false].map((generate) => {
      const { encoder, bytes } = started(codecOf(type, generate));
      for (const [value, timestamp] of records) encoder.writeRecord(value, timestamp);
      return Buffer.from(bytes.subarray(0, encoder.finish())).toString("hex");
    });

  it("is what its document shows", () => {
    const type = Types.object({ id: Types.int, name: Types.string });
    const block = "01000000010000000a0000000300000003e80300000700000003416e6e";
    expect(hexOf(type, [[{ id: 7, name: "Ann" }, 1000]])).toStrictEqual([block, block]);
  });

  // State and savepoints are read by these bytes: a change needs a new version, and a reader for the old one.
  it("stays what it is for every kind", () => {
    const type = Types.object({
      flag: Types.boolean,
      wide: Types.int,
      share: Types.double,
      big: Types.tuple([Types.bigint, Types.bigint]),
      at: Types.date,
      raw: Types.bytes,
      status: Types.oneOf("a", "b"),
      none: Types.nullable(Types.int),
      some: Types.nullable(Types.string),
      list: Types.array(Types.literal("x")),
      seen: Types.set(Types.int),
      byName: Types.map(Types.string, Types.int),
      counts: Types.record(Types.int),
      absent: Types.optional(Types.int),
      present: Types.optional(Types.int),
      free: Types.any,
    });
    const record = {
      flag: true,
      wide: 2 ** 40,
      share: 0.5,
      big: [1n, -(2n ** 64n)] as [bigint, bigint],
      at: new Date(1),
      raw: new Uint8Array([255]),
      status: "b" as const,
      none: null,
      some: "s",
      list: ["x", "x"] as "x"[],
      seen: new Set([1]),
      byName: new Map([["m", 2]]),
      counts: { r: 3 },
      present: 4,
      free: { u: undefined, z: -0, d: new Date(0), f: new Float32Array([1]), t: [true, null, "q", 5n] },
    };
    const rows = hexOf(type, [[record, -Infinity]]);
    expect(rows).toStrictEqual([GOLDEN, GOLDEN]);
  });

  it("stays what it is for shapes", () => {
    const records = [{ a: 1 }, { a: 0.5 }, undefined] as const;
    const announced = (json: string, index: number): string =>
      Buffer.from([7 | (index << 3), json.length, 0, 0, 0]).toString("hex") +
      Buffer.from(json).toString("hex");
    const shape = (kind: string): string =>
      `{"kind":"object","fields":[{"name":"a","type":{"kind":"${kind}"},"optional":false}]}`;
    const rows = [
      announced(shape("int"), 0),
      "0001000000",
      announced(shape("double"), 1),
      "08000000000000e03f",
      "f800",
    ].join("");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(rows.length / 2);
    const block = `0100000003000000${length.toString("hex")}00000000${rows}`;
    expect(
      hexOf<unknown>(
        undefined,
        records.map((value) => [value, -Infinity]),
      ),
    ).toStrictEqual([block, block]);
  });
});

describe("generated code", () => {
  it("is named in stack traces", () => {
    const type = Types.custom<number>({
      name: "Odd",
      version: 1,
      is: (value): value is number => typeof value === "number",
      encode: () => {
        throw new Error("no");
      },
      decode: () => 1,
    });
    const { encoder } = started(createFrameCodec(type, { unique: "job/edge 1\n//x" }));
    let stack = "";
    try {
      encoder.writeRecord(1, 1);
    } catch (error) {
      stack = (error as Error).stack ?? "";
    }
    expect(stack).toContain("millrace://codec/job/edge%201%0A//x/encode");
  });

  it("gives way to the interpreter where code can't be generated", () => {
    const program = `
      import { createFrameCodec } from "./create-frame-codec.ts";
      import { Types } from "../types/types.ts";
      const codec = createFrameCodec(Types.object({ a: Types.string }), { unique: "x" });
      const bytes = new Uint8Array(100);
      const encoder = codec.createEncoder();
      encoder.begin(bytes, 0, 100);
      encoder.writeRecord({ a: "works" }, 1);
      const decoder = codec.createDecoder();
      decoder.reset(bytes, 0, encoder.finish());
      decoder.next();
      console.log(encoder.constructor.name, decoder.value.a);`;
    const output = execFileSync(
      process.execPath,
      ["--disallow-code-generation-from-strings", "--input-type=module-typescript", "-e", program],
      { cwd: import.meta.dirname, encoding: "utf8" },
    );
    expect(output).toBe("InterpretedEncoder works\n");
  });
});
