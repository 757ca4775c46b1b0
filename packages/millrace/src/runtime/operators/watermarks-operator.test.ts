import { describe, expect, it } from "vitest";
import type { DataStream } from "../../api/streams/streams.ts";
import { WatermarkStrategy } from "../../common/watermarks/watermark-strategy.ts";
import type { HarnessEvent } from "../../testing/harness/harness-events.ts";
import { harnessFor } from "../../testing/harness/harness-for.ts";

interface Click {
  readonly at: number;
}

const timed = WatermarkStrategy.forBoundedOutOfOrderness<Click>(10).withTimestamps((c) => c.at);

describe("WatermarksOperator", () => {
  it("assigns timestamps, and emits watermarks at intervals", async () => {
    await using harness = await harnessFor((clicks: DataStream<Click>) =>
      clicks.assignTimestampsAndWatermarks(timed),
    );
    harness.processRecord({ at: 100 }, 1);
    harness.processRecord({ at: 50 }, 2);
    harness.setProcessingTime(199);
    expect(harness.watermark).toBe(-Infinity);
    harness.setProcessingTime(200);
    harness.processRecord({ at: 300 }, 3);
    harness.setProcessingTime(600);
    expect(harness.events).toEqual([
      { kind: "record", value: { at: 100 }, timestamp: 100 },
      { kind: "record", value: { at: 50 }, timestamp: 50 },
      { kind: "watermark", watermark: 89 },
      { kind: "record", value: { at: 300 }, timestamp: 300 },
      { kind: "watermark", watermark: 289 },
    ]);
  });

  it("asks after every record where the interval is 0", async () => {
    await using harness = await harnessFor(
      (clicks: DataStream<Click>) => clicks.assignTimestampsAndWatermarks(timed),
      {
        autoWatermarkInterval: 0,
      },
    );
    harness.processRecord({ at: 100 });
    expect(harness.watermark).toBe(89);
  });

  it("emits what a generator says within a record at once", async () => {
    const punctuated = WatermarkStrategy.forGenerator<Click>(() => ({
      onEvent: (_click, timestamp, output) => output.emitWatermark(timestamp),
      onPeriodicEmit() {},
    })).withTimestamps((c: Click) => c.at);
    await using harness = await harnessFor((clicks: DataStream<Click>) =>
      clicks.assignTimestampsAndWatermarks(punctuated),
    );
    for (const at of [10, 5, 20]) harness.processRecord({ at });
    expect(harness.events.flatMap((event) => (event.kind === "watermark" ? [event.watermark] : []))).toEqual([
      10, 20,
    ]);
  });

  it("ignores watermarks and idleness from above, but for the end of time", async () => {
    await using harness = await harnessFor((clicks: DataStream<Click>) =>
      clicks.assignTimestampsAndWatermarks(timed),
    );
    harness.processWatermark(1000);
    harness.processIdle(true);
    expect(harness.events).toEqual([]);
    harness.processIdle(false);
    harness.processWatermark(Infinity);
    expect(harness.events).toEqual([{ kind: "watermark", watermark: Infinity }]);
    harness.setProcessingTime(10_000);
    expect(harness.events).toHaveLength(1);
  });

  it("becomes idle without records, but not while it is held back", async () => {
    await using harness = await harnessFor((clicks: DataStream<Click>) =>
      clicks.assignTimestampsAndWatermarks(timed.withIdleness(1000)),
    );
    harness.processRecord({ at: 100 });
    harness.setBlocked(true);
    harness.setProcessingTime(5000);
    harness.setBlocked(false);
    expect(harness.events.some((event) => event.kind === "idle")).toBe(false);
    harness.setProcessingTime(7000);
    expect(harness.events.at(-1)).toEqual({ kind: "idle", idle: true });
    harness.processRecord({ at: 200 });
    harness.setProcessingTime(7400);
    expect(harness.events.slice(-3)).toEqual([
      { kind: "record", value: { at: 200 }, timestamp: 200 },
      { kind: "idle", idle: false },
      { kind: "watermark", watermark: 189 },
    ]);
  });

  describe("restored", () => {
    const punctuated = WatermarkStrategy.forGenerator<Click>(() => ({
      onEvent: (_click, timestamp, output) => output.emitWatermark(timestamp),
      onPeriodicEmit() {},
    })).withTimestamps((c: Click) => c.at);
    const open = async (parallelism: number) =>
      harnessFor((clicks: DataStream<Click>) => clicks.assignTimestampsAndWatermarks(punctuated), {
        parallelism,
      });
    const watermarks = ({ events }: { readonly events: readonly HarnessEvent<Click>[] }): readonly number[] =>
      events.flatMap((event) => (event.kind === "watermark" ? [event.watermark] : []));

    it("goes on from what it had emitted, before any record, and never goes back", async () => {
      const before = await open(1);
      before.processRecord({ at: 100 });
      await using after = await before.restart();
      expect(watermarks(after)).toEqual([100]);
      for (const at of [50, 100, 101]) after.processRecord({ at });
      expect(watermarks(after)).toEqual([100, 101]);
    });

    it("keeps it over restores between which no record came", async () => {
      const before = await open(1);
      before.processRecord({ at: 100 });
      await using after = await (await before.restart()).restart();
      expect(watermarks(after)).toEqual([100]);
    });

    it("goes on from the least of all at another parallelism", async () => {
      // Records without key go to the subtasks in turn.
      const before = await open(2);
      for (const at of [100, 70]) before.processRecord({ at });
      const narrower = await before.restart({ parallelism: 1 });
      expect(watermarks(narrower)).toEqual([70]);
      await using wider = await narrower.restart({ parallelism: 3 });
      expect(wider.watermark).toBe(70);
    });

    it("starts anew where nothing was emitted, and where all had ended", async () => {
      const before = await open(1);
      const same = await before.restart();
      expect(watermarks(same)).toEqual([]);
      same.processWatermark(Infinity);
      await using ended = await same.restart({ parallelism: 2 });
      expect(watermarks(ended)).toEqual([]);
    });
  });

  it("refuses timestamps that are no numbers", async () => {
    const wrong = WatermarkStrategy.noWatermarks<Click>().withTimestamps(() => NaN);
    await using harness = await harnessFor((clicks: DataStream<Click>) =>
      clicks.assignTimestampsAndWatermarks(wrong),
    );
    expect(() => harness.processRecord({ at: 1 })).toThrowError(/timestamp assigner/u);
  });
});
