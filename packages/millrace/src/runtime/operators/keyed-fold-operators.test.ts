import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DataStream } from "../../api/streams/streams.ts";
import { harnessFor } from "../../testing/harness/harness-for.ts";

interface Word {
  readonly word: string;
  readonly n: number;
}

const words = fc.array(
  fc.record({ word: fc.constantFrom("a", "b", "c", "d"), n: fc.integer({ min: -9, max: 9 }) }),
  {
    maxLength: 40,
  },
);

describe("KeyedReduceOperator", () => {
  const reduce = (stream: DataStream<Word>) =>
    stream.keyBy((w) => w.word).reduce((a, b) => ({ ...a, n: a.n + b.n }));

  it("emits the running value of each key, over restarts at any parallelism", async () => {
    const property = fc.asyncProperty(
      words,
      words,
      fc.integer({ min: 1, max: 4 }),
      async (before, after, parallelism) => {
        const sums = new Map<string, number>();
        const expected = [...before, ...after].map(({ word, n }) => {
          sums.set(word, (sums.get(word) ?? 0) + n);
          return { word, n: sums.get(word) };
        });
        const first = await harnessFor(reduce);
        first.processRecords(before);
        const output = [...first.output];
        const second = await first.restart({ parallelism });
        second.processRecords(after);
        expect([...output, ...second.output]).toEqual(expected);
        await second.close();
      },
    );
    await fc.assert(property, { numRuns: 30 });
  });

  it("keeps the timestamp of the record", async () => {
    await using harness = await harnessFor(reduce);
    harness.processRecord({ word: "a", n: 1 }, 10);
    harness.processRecord({ word: "a", n: 1 }, 5);
    expect(harness.records.map(({ timestamp }) => timestamp)).toEqual([10, 5]);
  });

  it("shows a function that changes its arguments", async () => {
    await using harness = await harnessFor((stream: DataStream<Word>) =>
      stream
        .keyBy((w) => w.word)
        .reduce((a, b) => {
          (a as { n: number }).n += b.n;
          return a;
        }),
    );
    harness.processRecord({ word: "a", n: 1 });
    expect(() => harness.processRecord({ word: "a", n: 1 })).toThrowError(TypeError);
  });

  it("refuses a function that answers with a promise", async () => {
    await using harness = await harnessFor((stream: DataStream<Word>) =>
      stream.keyBy((w) => w.word).reduce((a) => Promise.resolve(a) as never),
    );
    harness.processRecord({ word: "a", n: 1 });
    expect(() => harness.processRecord({ word: "a", n: 1 })).toThrowError(
      expect.objectContaining({ code: "ASYNC_FUNCTION" }),
    );
  });
});

describe("KeyedAggregateOperator", () => {
  it("emits the running result of each key, over restarts at any parallelism", async () => {
    const build = (stream: DataStream<Word>) =>
      stream
        .keyBy((w) => w.word)
        .aggregate(
          (a) => ({ n: a.count(), sum: a.sum((w) => w.n), max: a.max((w) => w.n) }),
          (word, result) => ({ word, ...result }),
        );
    const property = fc.asyncProperty(
      words,
      words,
      fc.integer({ min: 1, max: 4 }),
      async (before, after, parallelism) => {
        const seen = new Map<string, number[]>();
        const expected = [...before, ...after].map(({ word, n }) => {
          const all = [...(seen.get(word) ?? []), n];
          seen.set(word, all);
          return { word, n: all.length, sum: all.reduce((a, b) => a + b), max: Math.max(...all) };
        });
        const first = await harnessFor(build);
        first.processRecords(before);
        const output = [...first.output];
        const second = await first.restart({ parallelism });
        second.processRecords(after);
        expect([...output, ...second.output]).toEqual(expected);
        await second.close();
      },
    );
    await fc.assert(property, { numRuns: 30 });
  });

  it("does not let what it emitted change", async () => {
    await using harness = await harnessFor(
      (stream: DataStream<Word>) =>
        stream
          .keyBy((w) => w.word)
          .aggregate({
            createAccumulator: () => ({ n: 0 }),
            add(accumulator, word: Word) {
              accumulator.n += word.n;
              return accumulator;
            },
            getResult: (accumulator) => accumulator,
          }),
      { copyRecords: false, freeze: false },
    );
    harness.processRecords([
      { word: "a", n: 1 },
      { word: "a", n: 2 },
    ]);
    expect(harness.output).toEqual([{ n: 1 }, { n: 3 }]);
  });
});
