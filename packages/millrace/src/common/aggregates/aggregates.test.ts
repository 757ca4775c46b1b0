import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createValueCodec } from "../codec/value-codec.ts";
import type { AggregateFunction } from "../state/state.ts";
import { Types } from "../types/types.ts";
import { aggregateOf, combineParts, partsOf } from "./aggregate-of.ts";
import type { AggregateBuilder, AggregationSpec } from "./aggregation.ts";
import type { FlatAccumulator } from "./combined-parts.ts";
import { aggregateBuilder } from "./create-aggregate-builder.ts";

interface Sale {
  readonly shop: string;
  readonly price: number | null;
  readonly amount: number;
}

type Combined = AggregateFunction<unknown, FlatAccumulator, unknown>;

const sale = fc.record({
  shop: fc.constantFrom("a", "b", "c", "d"),
  price: fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { nil: null }),
  amount: fc.integer({ min: -1000, max: 1000 }),
});
const sales = fc.array(sale, { maxLength: 30 });

const everything = (a: AggregateBuilder<Sale>) => ({
  count: a.count(),
  dear: a.count((s) => s.price !== null && s.price > 10),
  sum: a.sum((s) => s.price),
  avg: a.avg((s) => s.price),
  min: a.min((s) => s.price),
  max: a.max((s) => s.price),
  firstShop: a.min((s) => s.shop),
  cheapest: a.minBy((s) => s.price),
  dearest: a.maxBy((s) => s.price),
  amounts: a.collect((s) => s.amount),
  shops: a.countDistinct((s) => s.shop),
  deviation: a.stddev((s) => s.price),
  sample: a.stddevSample((s) => s.price),
  top: a.top(3, (s) => s.amount),
});

/** What `everything` must give, by the plainest means. */
function expected(records: readonly Sale[]): Record<string, unknown> {
  const prices = records.flatMap(({ price }) => (price === null ? [] : [price]));
  const mean = prices.reduce((sum, price) => sum + price, 0) / prices.length;
  const squares = prices.reduce((sum, price) => sum + (price - mean) ** 2, 0);
  const priced = records.filter(({ price }) => price !== null) as (Sale & { price: number })[];
  const pick = (better: (a: number, b: number) => boolean): Sale | null =>
    priced.reduce<(Sale & { price: number }) | null>(
      (best, s) => (best === null || better(s.price, best.price) ? s : best),
      null,
    );
  return {
    count: records.length,
    dear: prices.filter((price) => price > 10).length,
    sum: prices.reduce((sum, price) => sum + price, 0),
    avg: prices.length === 0 ? null : mean,
    min: prices.length === 0 ? null : Math.min(...prices),
    max: prices.length === 0 ? null : Math.max(...prices),
    firstShop: records.length === 0 ? null : records.map(({ shop }) => shop).sort()[0],
    cheapest: pick((a, b) => a < b),
    dearest: pick((a, b) => a > b),
    amounts: records.map(({ amount }) => amount),
    shops: new Set(records.map(({ shop }) => shop)).size,
    deviation: prices.length === 0 ? null : Math.sqrt(squares / prices.length),
    sample: prices.length < 2 ? null : Math.sqrt(squares / (prices.length - 1)),
    top: [...records].sort((a, b) => b.amount - a.amount).slice(0, 3),
  };
}

/** Equal but for rounding, which the plain means have more of. */
function expectClose(actual: Record<string, unknown>, wanted: Record<string, unknown>): void {
  const rounded = Object.entries(wanted).map(([name, value]) => {
    const got = actual[name];
    const close =
      typeof value === "number" &&
      typeof got === "number" &&
      Math.abs(got - value) <= 1e-6 * (1 + Math.abs(value));
    return [name, close ? value : got] as const;
  });
  expect(Object.keys(actual)).toEqual(Object.keys(wanted));
  expect(Object.fromEntries(rounded)).toEqual(wanted);
}

describe.each([
  { kind: "generated", generated: true },
  { kind: "interpreted", generated: false },
])("$kind aggregates", ({ generated }) => {
  const combine = (build: (a: AggregateBuilder<Sale>) => AggregationSpec): Combined =>
    combineParts(partsOf(build(aggregateBuilder<Sale>())), generated);
  const fold = (aggregate: Combined, records: readonly unknown[]): FlatAccumulator =>
    records.reduce<FlatAccumulator>(
      (acc, record) => aggregate.add(acc, record),
      aggregate.createAccumulator(),
    );
  const evaluate = (
    build: (a: AggregateBuilder<Sale>) => AggregationSpec,
    records: readonly Sale[],
  ): unknown => {
    const aggregate = combine(build);
    return aggregate.getResult(fold(aggregate, records));
  };

  it("are what the plainest means give", () => {
    const aggregate = combine(everything);
    fc.assert(
      fc.property(sales, (records) => {
        expectClose(
          aggregate.getResult(fold(aggregate, records)) as Record<string, unknown>,
          expected(records),
        );
      }),
    );
  });

  it("are the same when parts are merged, whose right one stays as it was", () => {
    const aggregate = combine(everything);
    fc.assert(
      fc.property(sales, sales, sales, (a, b, c) => {
        const parts = [a, b, c].map((records) => fold(aggregate, records));
        const before = structuredClone(parts[1]);
        const merged = parts.reduce(
          (left, right) => aggregate.merge!(left, right),
          aggregate.createAccumulator(),
        );
        expect(parts[1]).toEqual(before);
        expectClose(aggregate.getResult(merged) as Record<string, unknown>, expected([...a, ...b, ...c]));
      }),
    );
  });

  it("survive the codec of their declared accumulator, in the middle", () => {
    const aggregate = combine(everything);
    const codec = createValueCodec(aggregate.accumulatorType, { unique: "aggregates-test" });
    fc.assert(
      fc.property(sales, sales, (before, after) => {
        const restored = codec.decode(codec.encode(fold(aggregate, before)));
        const result = aggregate.getResult(
          after.reduce<FlatAccumulator>((acc, record) => aggregate.add(acc, record), restored),
        );
        expectClose(result as Record<string, unknown>, expected([...before, ...after]));
      }),
    );
  });

  it("answer results that later records don't change", () => {
    const aggregate = combine(everything);
    const accumulator = fold(aggregate, [{ shop: "a", price: 1, amount: 1 }]);
    const result = aggregate.getResult(accumulator);
    const copy = structuredClone(result);
    aggregate.add(accumulator, { shop: "b", price: 100, amount: 100 });
    expect(result).toEqual(copy);
  });

  it("sum without losing small numbers among great ones", () => {
    const of = (prices: readonly number[]): unknown =>
      evaluate(
        (a) => a.sum((s) => s.price),
        prices.map((price) => ({ shop: "a", price, amount: 0 })),
      );
    expect(of([1e100, 1, -1e100])).toBe(1);
    expect(of(Array.from({ length: 10 }, () => 0.1))).toBe(1);
    expect(of([Infinity, 1])).toBe(Infinity);
    expect(of([Infinity, -Infinity])).toBeNaN();
    expect(of([1e308, 1e308])).toBe(Infinity);
    expect(of([Number.NaN, 1])).toBeNaN();
  });

  it("let NaN win over every number, whenever it comes", () => {
    for (const prices of [
      [Number.NaN, 1, 2],
      [1, Number.NaN, 2],
      [1, 2, Number.NaN],
    ]) {
      const records = prices.map((price) => ({ shop: "a", price, amount: 0 }));
      expect(evaluate((a) => ({ min: a.min((s) => s.price), max: a.max((s) => s.price) }), records)).toEqual({
        min: Number.NaN,
        max: Number.NaN,
      });
    }
  });

  it("take the first and the last that came", () => {
    const records = [3, 1, 2].map((amount) => ({ shop: `s${amount}`, price: null, amount }));
    expect(
      evaluate(
        (a) => ({ first: a.first((s) => s.shop), last: a.last(), price: a.first((s) => s.price) }),
        records,
      ),
    ).toEqual({
      first: "s3",
      last: records[2],
      price: null,
    });
  });

  it("can merge only where all parts can", () => {
    expect(combine((a) => ({ n: a.count(), first: a.first() }))).not.toHaveProperty("merge");
    expect(combine((a) => ({ n: a.count() }))).toHaveProperty("merge");
  });

  it("stand alone, without a name", () => {
    expect(evaluate((a) => a.count(), [])).toBe(0);
    expect(evaluate((a) => a.collect((s) => s.amount), [{ shop: "a", price: 1, amount: 2 }])).toEqual([2]);
  });

  it("take AggregateFunctions of one's own", () => {
    const product: AggregateFunction<Sale, { p: number }, number> = {
      accumulatorType: Types.object({ p: Types.double }),
      createAccumulator: () => ({ p: 1 }),
      add: (acc, s) => ({ p: acc.p * s.amount }),
      getResult: (acc) => acc.p,
      merge: (a, b) => ({ p: a.p * b.p }),
    };
    const aggregate = combine((a) => ({ product: a.custom(product), n: a.count() }));
    const [left, right] = [[2, 3], [4]].map((amounts) =>
      fold(
        aggregate,
        amounts.map((amount) => ({ amount })),
      ),
    );
    expect(aggregate.getResult(aggregate.merge!(left!, right!))).toEqual({ product: 24, n: 3 });
    expect(aggregate.accumulatorType?.description).toEqual({
      kind: "object",
      fields: [
        {
          name: "product",
          type: { kind: "object", fields: [{ name: "p", type: { kind: "double" }, optional: false }] },
          optional: false,
        },
        { name: "n", type: { kind: "int" }, optional: false },
      ],
    });
  });

  it("keep records of a declared type as such, instances of classes included", () => {
    class Money {
      readonly cents: number;
      constructor(cents: number) {
        this.cents = cents;
      }
    }
    const money = Types.custom<Money>({
      name: "test.Money",
      version: 1,
      is: (value) => value instanceof Money,
      encode: ({ cents }) => new Uint8Array([cents]),
      decode: (bytes) => new Money(bytes[0]!),
    });
    const record = Types.object({ price: money, n: Types.int });
    type Priced = { price: Money; n: number };
    const build = (a: AggregateBuilder<Priced>) => ({
      least: a.minBy((r) => r.price.cents),
      first: a.first(),
      last: a.last(),
      all: a.collect(),
      top: a.top(1, (r) => r.n),
    });
    const aggregate = combineParts(partsOf(build(aggregateBuilder(record))), generated);
    const codec = createValueCodec(aggregate.accumulatorType, { unique: "aggregates-test/money" });
    const [cheap, dear] = [
      { price: new Money(1), n: 9 },
      { price: new Money(2), n: 8 },
    ];
    const restored = codec.decode(codec.encode(fold(aggregate, [dear, cheap])));
    expect(aggregate.getResult(restored)).toEqual({
      least: cheap,
      first: dear,
      last: cheap,
      all: [dear, cheap],
      top: [cheap],
    });
    expect((aggregate.getResult(restored) as { least: Priced }).least.price).toBeInstanceOf(Money);
  });

  it("say which aggregate got what is no number", () => {
    for (const build of [
      (a) => ({ mean: a.avg((s) => s.shop as never) }),
      (a) => ({ mean: a.stddev((s) => s.shop as never) }),
    ] as const satisfies readonly ((a: AggregateBuilder<Sale>) => AggregationSpec)[]) {
      expect(() => evaluate(build, [{ shop: "x", price: 1, amount: 1 }])).toThrow(
        /takes numbers .* answered "x"/u,
      );
    }
  });

  it("carry names that are no identifiers", () => {
    const records = [{ shop: "a", price: 4, amount: 1 }];
    expect(
      evaluate((a) => ({ 'number of "sales"': a.count(), "x.y": a.avg((s) => s.price) }), records),
    ).toEqual({
      'number of "sales"': 1,
      "x.y": 4,
    });
  });
});

describe("aggregateOf", () => {
  it("refuses what is no aggregate", () => {
    const build = (answer: unknown) => () => aggregateOf<Sale>()(() => answer as never);
    expect(build(undefined)).toThrow(/answers an aggregate or an object of aggregates/u);
    expect(build({})).toThrow(/answers an aggregate/u);
    expect(build({ n: 1 })).toThrow(/it answered for "n" 1/u);
    expect(build({ ["__proto__"]: aggregateBuilder<Sale>().count() })).toThrow(/can't be named/u);
  });

  it("refuses selectors that are no functions, and tops of nothing", () => {
    expect(() => aggregateOf<Sale>()((a) => a.sum("price" as never))).toThrow(
      /a\.sum|aggregate sum takes a function/u,
    );
    expect(() => aggregateOf<Sale>()((a) => a.top(0, (s) => s.amount))).toThrow(/above 0/u);
    expect(() => aggregateOf<Sale>()((a) => a.custom({} as never))).toThrow(/takes an AggregateFunction/u);
  });
});
