import fc from "fast-check";
import { expect, it } from "vitest";
import { seconds, TumblingEventTimeWindows, WatermarkStrategy } from "millrace";
import type { ConfigValues, StreamExecutionEnvironment } from "millrace";
import { miniCluster } from "millrace/testing";

const COUNT = 300;

/** What may go wrong, and how the job is run. */
const histories = fc.record({
  parallelism: fc.integer({ min: 1, max: 3 }),
  /** Numbers at which the job fails, each once, where they pass for the first time. */
  failures: fc.uniqueArray(fc.nat(COUNT - 1), { maxLength: 4 }),
  /** Whether a failure hits in front of the shuffle, or behind it. */
  early: fc.boolean(),
  interval: fc.constantFrom(30, 100, 450),
  concurrent: fc.integer({ min: 1, max: 3 }),
  mode: fc.constantFrom("aligned", "unaligned", "timeout"),
  incremental: fc.boolean(),
  afterTasksFinish: fc.boolean(),
  chaining: fc.boolean(),
  /** When a checkpoint is asked for besides, ms. */
  besides: fc.array(fc.nat(3000), { maxLength: 2 }),
});

type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

function configOf({
  interval,
  concurrent,
  mode,
  incremental,
  afterTasksFinish,
  chaining,
}: History): ConfigValues {
  return {
    "execution.checkpointing.interval": interval,
    "execution.checkpointing.max-concurrent-checkpoints": concurrent,
    "execution.checkpointing.unaligned.enabled": mode !== "aligned",
    "execution.checkpointing.aligned-checkpoint-timeout": mode === "timeout" ? 20 : 0,
    "execution.checkpointing.incremental": incremental,
    "execution.checkpointing.checkpoints-after-tasks-finish": afterTasksFinish,
    "execution.checkpointing.tolerable-failed-checkpoints": 3,
    "pipeline.operator-chaining.enabled": chaining,
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": 10,
    "restart-strategy.fixed-delay.delay": 70,
  };
}

/** Running counts by key, and sums by window: state of two kinds, timers, and a shuffle. */
function program(env: StreamExecutionEnvironment, { failures, early }: History) {
  const left = new Set(failures);
  const check =
    (here: boolean) =>
    (n: number): number => {
      if (here && left.delete(n)) throw new RangeError(`number ${n}`);
      return n;
    };
  const numbers = env
    .generate<number>(
      { generate: (i) => i, count: COUNT, ratePerSecond: 100 },
      { watermarks: WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((n) => n * 10) },
    )
    .map(check(early))
    .keyBy((n) => n % 5)
    .map(check(!early))
    .keyBy((n) => n % 5);
  const counts = numbers.aggregate(
    (a) => ({ n: a.count() }),
    (key, { n }) => `count ${key} ${n}`,
  );
  const windows = numbers.window(TumblingEventTimeWindows.of(700)).aggregate(
    (a) => ({ sum: a.sum((n) => n) }),
    (key, window, { sum }) => `window ${key} ${window.start} ${sum}`,
  );
  return counts.union(windows);
}

function expected(): readonly string[] {
  const lines: string[] = [];
  for (let key = 0; key < 5; key++) {
    let n = 0;
    const windows = new Map<number, number>();
    for (let i = key; i < COUNT; i += 5) {
      lines.push(`count ${key} ${++n}`);
      const start = Math.floor((i * 10) / 700) * 700;
      windows.set(start, (windows.get(start) ?? 0) + i);
    }
    for (const [start, sum] of windows) lines.push(`window ${key} ${start} ${sum}`);
  }
  return lines.sort();
}

const EXPECTED = expected();

it("gives the same, whatever fails and however checkpoints are taken", async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      await using cluster = await miniCluster({
        parallelism: history.parallelism,
        config: configOf(history),
      });
      const env = cluster.environment();
      const collected = program(env, history).collectAsync();
      const client = await env.executeAsync();
      const lines = collected.toArray();
      for (const at of [...history.besides].sort((a, b) => a - b)) {
        await cluster.advance(Math.max(0, at - cluster.now()));
        // It may meet the end of the job, or a failure.
        if (client.status() !== "FINISHED") client.triggerCheckpoint().catch(() => {});
      }
      await cluster.advance(seconds(60));
      expect(client.status(), cluster.stderr).toBe("FINISHED");
      expect([...(await lines)].sort(), cluster.stderr).toEqual(EXPECTED);
    }),
    { numRuns: 30 },
  );
});
