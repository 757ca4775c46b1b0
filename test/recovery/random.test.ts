import fc from "fast-check";
import { expect, it } from "vitest";
import { collectSink, seconds, TumblingEventTimeWindows, WatermarkStrategy } from "millrace";
import type { ConfigValues, JobClient, StreamExecutionEnvironment } from "millrace";
import { miniCluster } from "millrace/testing";

const COUNT = 300;
const OUT = "out";

/** What may go wrong, and how the job is run. */
const histories = fc.record({
  parallelism: fc.integer({ min: 1, max: 3 }),
  /** Whether records are shuffled: else each subtask, with its sink, fails and starts again alone. */
  shuffled: fc.boolean(),
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
    "execution.checkpointing.max-concurrent-checkpoints": mode === "aligned" ? concurrent : 1,
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
function program(env: StreamExecutionEnvironment, { failures, early, shuffled }: History): void {
  const left = new Set(failures);
  const check =
    (here: boolean) =>
    (n: number): number => {
      if (here && left.delete(n)) throw new RangeError(`number ${n}`);
      return n;
    };
  const source = env
    .generate<number>(
      { generate: (i) => i, count: COUNT, ratePerSecond: 100 },
      { watermarks: WatermarkStrategy.forMonotonousTimestamps<number>().withTimestamps((n) => n * 10) },
    )
    .map(check(early));
  if (!shuffled) {
    source
      .map(check(!early))
      .map((n) => `number ${n}`)
      .sinkTo(collectSink(OUT));
    return;
  }
  const numbers = source
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
  counts.union(windows).sinkTo(collectSink(OUT));
}

function expected(shuffled: boolean): readonly string[] {
  if (!shuffled) return Array.from({ length: COUNT }, (_, n) => `number ${n}`).sort();
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

/** Everything that comes out of a job. */
async function collect(client: JobClient): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const batch of client.collected(OUT)) lines.push(...(batch as readonly string[]));
  return lines.sort();
}

it("gives the same, whatever fails and however checkpoints are taken", async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      await using cluster = await miniCluster({
        parallelism: history.parallelism,
        config: configOf(history),
      });
      const env = cluster.environment();
      program(env, history);
      const client = await env.executeAsync();
      const lines = collect(client);
      for (const at of [...history.besides].sort((a, b) => a - b)) {
        await cluster.advance(Math.max(0, at - cluster.now()));
        // It may meet the end of the job, or a failure.
        if (client.status() !== "FINISHED") client.triggerCheckpoint().catch(() => {});
      }
      await cluster.advance(seconds(60));
      expect(client.status(), cluster.stderr).toBe("FINISHED");
      expect(await lines, cluster.stderr).toEqual(expected(history.shuffled));
    }),
    { numRuns: 20 },
  );
});
