import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../errors/millrace-error.ts";
import type { AnyType } from "../types/infer-types.ts";
import type { CustomCodec } from "../types/type-info.ts";
import { Types } from "../types/types.ts";
import { validateValue } from "../types/validate-value.ts";
import { createFrameCodec } from "./create-frame-codec.ts";
import { ElementKind, type FrameCodec } from "./frame-codec.ts";
import { createValueCodec } from "./value-codec.ts";

/** Fixed, so that a run says the same every time; raise the numbers of runs and change it when hunting. */
const SEED = 20_240_611;

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
const money: CustomCodec<Money> = {
  name: "Money",
  version: 1,
  is: (value): value is Money => value instanceof Money,
  encode: (value) => new Uint8Array([value.cents]),
  decode: (bytes) => new Money(bytes[0]!),
};

type Case = { readonly type: AnyType; readonly value: fc.Arbitrary<unknown> };

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({ minLength: 250, maxLength: 300 }),
  fc.constant("\ud800x\udc00"),
);
const names = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "c",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "0",
    "7",
    "",
    "a b",
    'quo"te',
    "new\nline",
    "`${x}`",
    "\u2028",
    "日本",
    "\ud800",
  ),
  fc.string(),
);
const double = fc.oneof(fc.double(), fc.constantFrom(-0, 0, NaN, Infinity, 2 ** 31, -(2 ** 31)));
const int = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(-0, -(2 ** 31), 2 ** 31 - 1, 2 ** 31),
);

/** Plain data as the self-describing codec carries it. */
const anything = fc.letrec((tie) => ({
  leaf: fc.oneof(
    text,
    double,
    int,
    fc.boolean(),
    fc.constantFrom(undefined, null),
    fc.bigInt(),
    fc.date(),
    fc.uint8Array(),
    fc.float64Array(),
    fc.int16Array(),
    fc.constant(2n ** 70n),
  ),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    tie("array"),
    tie("object"),
    tie("map"),
    tie("set"),
  ),
  array: fc.array(tie("value"), { maxLength: 4 }),
  object: fc.dictionary(names, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  map: fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
  set: fc.array(tie("value"), { maxLength: 3 }).map((items) => new Set(items)),
}));

const of = (type: AnyType, value: fc.Arbitrary<unknown>): Case => ({ type, value });

/** Random types, each with its values. */
const types = fc.letrec<{ leaf: Case; type: Case }>((tie) => ({
  leaf: fc.constantFrom(
    of(Types.string, text),
    of(Types.boolean, fc.boolean()),
    of(Types.int, int),
    of(Types.double, double),
    of(Types.bigint, fc.bigInt()),
    of(Types.timestamp, fc.double({ noNaN: true, noDefaultInfinity: true })),
    of(Types.date, fc.date({ noInvalidDate: true })),
    of(Types.bytes, fc.uint8Array()),
    of(Types.null, fc.constant(null)),
    of(Types.any, anything.value),
    of(Types.literal('it\'s "x"\n'), fc.constant('it\'s "x"\n')),
    of(Types.oneOf("a", "b", "__proto__"), fc.constantFrom("a", "b", "__proto__")),
    of(
      Types.custom(money),
      fc.nat(255).map((cents) => new Money(cents)),
    ),
  ),
  type: fc.oneof(
    { depthSize: "small" },
    tie("leaf"),
    tie("type").map(({ type, value }) => of(Types.array(type), fc.array(value, { maxLength: 5 }))),
    tie("type").map(({ type, value }) =>
      of(
        Types.set(type),
        fc.array(value, { maxLength: 5 }).map((items) => new Set(items)),
      ),
    ),
    tie("type").map(({ type, value }) => of(Types.nullable(type), fc.option(value))),
    tie("type").map(({ type, value }) =>
      of(Types.record(type), fc.dictionary(names, value, { maxKeys: 4, noNullPrototype: true })),
    ),
    fc
      .array(tie("type"), { maxLength: 4 })
      .map((cases) => of(Types.tuple(cases.map((c) => c.type)), fc.tuple(...cases.map((c) => c.value)))),
    fc.tuple(tie("type"), tie("type")).map(([key, item]) =>
      of(
        Types.map(key.type, item.type),
        fc.array(fc.tuple(key.value, item.value), { maxLength: 4 }).map((entries) => new Map(entries)),
      ),
    ),
    fc
      .tuple(tie("type"), tie("type"))
      .map(([a, b]) => of(Types.union(a.type, b.type), fc.oneof(a.value, b.value))),
    fc
      .uniqueArray(fc.tuple(names, tie("type"), fc.boolean()), { selector: ([name]) => name, maxLength: 8 })
      .map(objectCase),
    fc
      .array(
        fc.uniqueArray(fc.tuple(names, tie("type"), fc.boolean()), {
          selector: ([name]) => name,
          maxLength: 3,
        }),
        { minLength: 2, maxLength: 4 },
      )
      .map(discriminatedCase),
  ),
}));

type Field = [string, Case, boolean];

function objectCase(fields: readonly Field[]): Case {
  const described = new Map(
    fields.map(([name, { type }, optional]) => [name, optional ? Types.optional(type) : type]),
  );
  const required = fields.filter(([, , optional]) => !optional).map(([name]) => name);
  const values = new Map(
    fields.map(([name, { value }, optional]) => [
      name,
      optional ? value.filter((v) => v !== undefined) : value,
    ]),
  );
  return of(
    Types.object(fromEntries(described)),
    fc.record(fromEntries(values), { requiredKeys: required, noNullPrototype: true }),
  );
}

function discriminatedCase(members: readonly (readonly Field[])[]): Case {
  const cases = members.map((fields, i) =>
    objectCase([
      ["kind", of(Types.literal(i), fc.constant(i)), false],
      ...fields.filter(([name]) => name !== "kind"),
    ]),
  );
  const [first, ...rest] = cases.map((member) => member.type);
  return of(Types.union(first!, ...rest), fc.oneof(...cases.map((member) => member.value)));
}

/** Object.fromEntries takes `__proto__` for a name like others; so does this, with types. */
function fromEntries<V>(entries: ReadonlyMap<string, V>): Record<string, V> {
  return Object.fromEntries(entries);
}

const typed = types.type.chain(({ type, value }) =>
  fc.tuple(fc.constant(type), fc.array(value, { maxLength: 12 })),
);
const timestamps = fc.oneof(
  fc.constantFrom(-Infinity, 0, 5),
  fc.maxSafeInteger(),
  fc.integer({ min: 1.7e12, max: 1.7e12 + 1e6 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const watermarks = fc.oneof(timestamps, fc.constantFrom(-Infinity, Infinity));

let uniques = 0;
const unique = (): string => `test/${uniques++}`;

type Element = { readonly value: unknown; readonly timestamp: number } | { readonly watermark: number };

function encode(codec: FrameCodec<unknown>, elements: readonly Element[], room = 1 << 20): Uint8Array {
  const encoder = codec.createEncoder();
  const bytes = new Uint8Array(new SharedArrayBuffer(room + 7));
  encoder.begin(bytes, 3, room + 3);
  for (const element of elements) {
    const fits =
      "value" in element
        ? encoder.writeRecord(element.value, element.timestamp)
        : encoder.writeWatermark(element.watermark);
    expect(fits).toBe(true);
  }
  expect(encoder.count).toBe(elements.length);
  const length = encoder.finish();
  return length === -1 ? encoder.overflow!.slice() : bytes.slice(3, 3 + length);
}

function decode(codec: FrameCodec<unknown>, block: Uint8Array): Element[] {
  const decoder = codec.createDecoder();
  const shared = new Uint8Array(new SharedArrayBuffer(block.length + 5));
  shared.set(block, 5);
  decoder.reset(shared, 5, 5 + block.length);
  const elements: Element[] = [];
  for (let kind = decoder.next(); kind !== ElementKind.END; kind = decoder.next()) {
    const { value, timestamp } = decoder;
    elements.push(
      kind === ElementKind.RECORD ? { value, timestamp: timestamp + 0 } : { watermark: timestamp + 0 },
    );
  }
  return elements;
}

/** -0 as a timestamp is 0. */
const plusZero = (elements: readonly Element[]): Element[] =>
  elements.map((e) => ("value" in e ? { ...e, timestamp: e.timestamp + 0 } : { watermark: e.watermark + 0 }));

function withTimes(
  values: readonly unknown[],
  times: readonly number[],
  marks: readonly number[],
): Element[] {
  const elements: Element[] = values.map((value, i) => ({ value, timestamp: times[i % times.length]! }));
  marks.forEach((watermark, i) => elements.splice((i * 7) % (elements.length + 1), 0, { watermark }));
  return elements;
}

const stamped = fc.tuple(
  fc.array(timestamps, { minLength: 1, maxLength: 5 }),
  fc.array(watermarks, { maxLength: 4 }),
);

describe("frame codec of a declared type", () => {
  it("writes the same bytes generated and interpreted, and reads them back the same", () => {
    fc.assert(
      fc.property(typed, stamped, ([type, values], [times, marks]) => {
        const elements = withTimes(values, times, marks);
        const generated = createFrameCodec(type, { unique: unique() });
        const interpreted = createFrameCodec(type, { unique: unique(), generate: false });
        const block = encode(generated, elements);
        deepStrictEqual(encode(interpreted, elements), block);
        deepStrictEqual(decode(generated, block), plusZero(elements));
        deepStrictEqual(decode(interpreted, block), plusZero(elements));
      }),
      { seed: SEED, numRuns: 80 },
    );
  });

  it("refuses exactly what does not validate, and leaves the block as it was", () => {
    fc.assert(
      fc.property(typed, anything.value, ([type, values], foreign) => {
        const fits = validateValue(type, foreign).length === 0;
        for (const generate of [true, false]) {
          const codec = createFrameCodec(type, { unique: unique(), generate });
          const encoder = codec.createEncoder();
          const bytes = new Uint8Array(1 << 20);
          encoder.begin(bytes, 0, bytes.length);
          for (const value of values) encoder.writeRecord(value, 1);
          const refusal = thrownBy(() => encoder.writeRecord(foreign, 1));
          expect(MillraceError.is(refusal, "RECORD_TYPE_MISMATCH")).toBe(!fits);
          expect(refusal === undefined).toBe(fits);
          for (const value of values) encoder.writeRecord(value, 1);
          const block = bytes.slice(0, encoder.finish());
          const read = decode(codec, block).map((element) =>
            "value" in element ? element.value : undefined,
          );
          deepStrictEqual(read, [...values, ...(fits ? [foreign] : []), ...values]);
        }
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it("never does worse than CODEC_CORRUPT on damaged bytes", () => {
    fc.assert(
      fc.property(typed, damage(), ([type, values], hurt) => {
        const codecs = [true, false].map((generate) =>
          createFrameCodec(type, { unique: unique(), generate }),
        );
        const block = hurt(encode(codecs[0]!, withTimes(values, [1.7e12, 5], [9])));
        const answers = codecs.map((codec) => readOrCorrupt(codec, block));
        for (const answer of answers) {
          for (const element of answer ?? [])
            if ("value" in element) deepStrictEqual(validateValue(type, element.value), []);
        }
        // Where both answer, they agree.
        if (answers[0] !== undefined && answers[1] !== undefined) deepStrictEqual(answers[0], answers[1]);
      }),
      { seed: SEED, numRuns: 120 },
    );
  });
});

describe("frame codec without a type", () => {
  const records = fc.array(
    fc.oneof(
      anything.value,
      fc.record({ a: double, b: fc.option(text), c: fc.array(int) }, { noNullPrototype: true }),
      fc.record({ a: int, b: text }, { noNullPrototype: true }),
    ),
    { maxLength: 30 },
  );

  it("carries plain data exactly, generated and interpreted", () => {
    fc.assert(
      fc.property(records, stamped, (values, [times, marks]) => {
        const elements = withTimes(values, times, marks);
        const generated = createFrameCodec<unknown>(undefined, { unique: unique() });
        const interpreted = createFrameCodec<unknown>(undefined, { unique: unique(), generate: false });
        const block = encode(generated, elements);
        deepStrictEqual(encode(interpreted, elements), block);
        deepStrictEqual(decode(interpreted, block), plusZero(elements));
        deepStrictEqual(decode(generated, block), plusZero(elements));
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it("decodes each block alone", () => {
    fc.assert(
      fc.property(records, records, (first, second) => {
        const codec = createFrameCodec<unknown>(undefined, { unique: unique() });
        const encoder = codec.createEncoder();
        const bytes = new Uint8Array(1 << 20);
        for (const values of [first, second]) {
          encoder.begin(bytes, 0, bytes.length);
          for (const value of values) encoder.writeRecord(value, 1);
          const block = bytes.slice(0, encoder.finish());
          const fresh = createFrameCodec<unknown>(undefined, { unique: unique() });
          deepStrictEqual(
            decode(fresh, block).map((element) => ("value" in element ? element.value : 0)),
            values,
          );
        }
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it("never does worse than CODEC_CORRUPT on damaged bytes", () => {
    fc.assert(
      fc.property(records, damage(), (values, hurt) => {
        const codec = createFrameCodec<unknown>(undefined, { unique: unique() });
        readOrCorrupt(codec, hurt(encode(codec, withTimes(values, [5], [9]))));
      }),
      { seed: SEED, numRuns: 120 },
    );
  });
});

describe("value codec", () => {
  it("round trips, generated and interpreted alike", () => {
    fc.assert(
      fc.property(typed, ([type, values]) => {
        const generated = createValueCodec(type, { unique: unique() });
        const interpreted = createValueCodec(type, { unique: unique(), generate: false });
        for (const value of values) {
          const bytes = generated.encode(value);
          deepStrictEqual(interpreted.encode(value), bytes);
          deepStrictEqual(generated.decode(bytes), value);
          deepStrictEqual(interpreted.decode(bytes), value);
          deepStrictEqual(generated.copy(value), value);
        }
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it("carries plain data without a type", () => {
    const codec = createValueCodec<unknown>(undefined, { unique: unique() });
    fc.assert(
      fc.property(anything.value, (value) => deepStrictEqual(codec.copy(value), value)),
      { seed: SEED },
    );
  });

  it("never does worse than CODEC_CORRUPT on damaged bytes", () => {
    fc.assert(
      fc.property(typed, damage(), ([type, values], hurt) => {
        const codec = createValueCodec(type, { unique: unique() });
        for (const value of values.slice(0, 2)) {
          try {
            expect(validateValue(type, codec.decode(hurt(codec.encode(value))))).toStrictEqual([]);
          } catch (error) {
            expectCorrupt(error);
          }
        }
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

/** Ways to damage bytes: cut, flip, overwrite. */
function damage(): fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> {
  const spot = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const flips = fc.array(fc.tuple(spot, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 });
  return fc.oneof(
    spot.map((at) => (bytes: Uint8Array) => bytes.slice(0, Math.floor(at * bytes.length))),
    flips.map((list) => (bytes: Uint8Array) => {
      const hurt = bytes.slice();
      for (const [at, mask] of list) hurt[Math.floor(at * hurt.length)]! ^= mask;
      return hurt;
    }),
    fc
      .tuple(spot, fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([at, patch]) => (bytes: Uint8Array) => {
        const hurt = bytes.slice();
        hurt.set(patch.subarray(0, hurt.length), Math.floor(at * Math.max(0, hurt.length - patch.length)));
        return hurt;
      }),
  );
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

function readOrCorrupt(codec: FrameCodec<unknown>, block: Uint8Array): Element[] | undefined {
  try {
    return decode(codec, block);
  } catch (error) {
    expectCorrupt(error);
    return undefined;
  }
}

function expectCorrupt(error: unknown): void {
  if (!MillraceError.is(error, "CODEC_CORRUPT")) throw error;
}
