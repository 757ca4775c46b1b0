import fc from "fast-check";
import { expect, it } from "vitest";
import { collectSink, seconds, TumblingEventTimeWindows, WatermarkStrategy } from "millrace";
import type { ConfigValues, JobClient, StreamExecutionEnvironment } from "millrace";
import { miniCluster } from "millrace/testing";
import { Ledger } from "./testing/ledger.ts";

const COUNT = 300;
const KEYS = 5;
const OUT = "out";

const histories = fc.record({
  parallelism: fc.integer({ min: 1, max: 3 }),
  /** Numbers at which the job fails, each once. */
  failures: fc.uniqueArray(fc.nat(COUNT - 1), { minLength: 1, maxLength: 4 }),
  interval: fc.constantFrom(30, 100, 450),
  concurrent: fc.integer({ min: 1, max: 2 }),
  chaining: fc.boolean(),
  incremental: fc.boolean(),
});
type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

const configOf = ({ interval, concurrent, chaining, incremental }: History): ConfigValues => ({
  "execution.checkpointing.mode": "AT_LEAST_ONCE",
  "execution.checkpointing.interval": interval,
  "execution.checkpointing.max-concurrent-checkpoints": concurrent,
  "execution.checkpointing.incremental": incremental,
  "pipeline.operator-chaining.enabled": chaining,
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 10,
  "restart-strategy.fixed-delay.delay": 70,
});

/** A diamond whose ways differ in length, so that barriers of one come long after those of the other; behind it state of two kinds. */
function program(env: StreamExecutionEnvironment, ledger: Ledger, failures: Set<number>): void {
  const numbers = env.generate<number>(
    { generate: (i) => i, count: COUNT, ratePerSecond: 100 },
    { watermarks: WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((n) => n * 10) },
  );
  const check = (n: number): number => {
    if (failures.delete(n)) throw new RangeError(`number ${n}`);
    return n;
  };
  const short = numbers.filter((n) => n % 2 === 0);
  const long = numbers
    .filter((n) => n % 2 === 1)
    .rebalance()
    .map(check)
    .rebalance()
    .map((n) => n);
  const both = short.union(long);
  both.map((n) => `number ${n}`).sinkTo(collectSink(OUT));
  const keyed = both.keyBy((n) => n % KEYS);
  const counts = keyed.aggregate(
    (a) => ({ n: a.count() }),
    (key, { n }) => `count ${key} ${n}`,
  );
  const windows = keyed.window(TumblingEventTimeWindows.of(500)).aggregate(
    (a) => ({ n: a.count() }),
    (key, { start }, { n }) => `window ${key} ${start} ${n}`,
  );
  counts.union(windows).sinkTo(ledger.sink());
}

async function collect(client: JobClient): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const batch of client.collected(OUT)) lines.push(...(batch as readonly string[]));
  return lines;
}

it("at-least-once checkpoints lose nothing, whatever fails", async () => {
  let duplicates = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      await using cluster = await miniCluster({
        parallelism: history.parallelism,
        config: configOf(history),
      });
      const env = cluster.environment();
      const ledger = new Ledger();
      program(env, ledger, new Set(history.failures));
      const client = await env.executeAsync();
      const collected = collect(client);
      await cluster.advance(seconds(60));
      expect(client.status(), cluster.stderr).toBe("FINISHED");
      const numbers = await collected;
      duplicates += numbers.length - COUNT;
      expect([...new Set(numbers)].sort()).toEqual(
        Array.from({ length: COUNT }, (_, n) => `number ${n}`).sort(),
      );
      const { lines } = ledger;
      // Counts may pass over their ends, but not over a number between.
      const counts = new Set(lines.filter((line) => line.startsWith("count")));
      for (let i = 0; i < COUNT; i++)
        expect(counts).toContain(`count ${i % KEYS} ${Math.floor(i / KEYS) + 1}`);
      const windows = new Map<string, number>();
      for (const line of lines.filter((other) => other.startsWith("window"))) {
        const [, key, start, n] = line.split(" ") as [string, string, string, string];
        windows.set(`${key} ${start}`, Math.max(Number(n), windows.get(`${key} ${start}`) ?? 0));
      }
      for (let start = 0; start < COUNT * 10; start += 500)
        for (let key = 0; key < KEYS; key++)
          expect(windows.get(`${key} ${start}`)).toBeGreaterThanOrEqual(50 / KEYS);
    }),
    { numRuns: 15 },
  );
  // Otherwise nothing was tried.
  expect(duplicates).toBeGreaterThan(0);
});
