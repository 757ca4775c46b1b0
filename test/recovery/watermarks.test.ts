import { describe, expect, it } from "vitest";
import { seconds, WatermarkStrategy } from "millrace";
import type { DataStream, StreamExecutionEnvironment } from "millrace";
import { miniCluster } from "millrace/testing";

const COUNT = 300;

/** Time in the middle of the stream: the tenth number is an hour ahead, so that whatever follows is late. */
const ahead = WatermarkStrategy.forGenerator<number>(() => ({
  onEvent: (_n, timestamp, output) => output.emitWatermark(timestamp),
  onPeriodicEmit() {},
})).withTimestamps((n: number) => (n === 10 ? 3_600_000 : n));

/** Says of each number whether it is late. */
function lateness(env: StreamExecutionEnvironment, check: (n: number) => number): DataStream<string> {
  return env
    .generate({ generate: (i) => i, count: COUNT, ratePerSecond: 100 })
    .uid("numbers")
    .map(check)
    .assignTimestampsAndWatermarks(ahead)
    .uid("time")
    .process({
      onRecord: (n, ctx) => `${n} ${ctx.timestamp < ctx.currentWatermark() ? "late" : "in time"}`,
    })
    .uid("lateness");
}

const config = {
  "execution.checkpointing.interval": "1 s",
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 1,
  "restart-strategy.fixed-delay.delay": "100 ms",
} as const;

const EXPECTED = Array.from({ length: COUNT }, (_, n) => `${n} ${n > 10 ? "late" : "in time"}`).sort();

describe("time that is assigned in the middle of a stream", () => {
  it("is where it was after a failure: what was late is late", async () => {
    await using cluster = await miniCluster({ parallelism: 1, config });
    let failed = false;
    const lines = lateness(cluster.environment(), (n) => {
      if (n === 250 && !failed) {
        failed = true;
        throw new RangeError("once");
      }
      return n;
    }).executeAndCollect();
    const all = lines.toArray();
    await cluster.advance(seconds(10));
    expect((await all).sort()).toEqual(EXPECTED);
    expect(cluster.stderr).toMatch(/starting again from checkpoint/u);
  });
});
