import { describe, expect, it } from "vitest";
import {
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
} from "../../../common/windows/sliding-windows.ts";
import {
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../../common/windows/tumbling-windows.ts";
import type { WindowSpec } from "../../../graph/stream/operator-spec.ts";
import { inMemory, takeSnapshot } from "../../state/testing/take-snapshot.ts";
import { createWindowOperator } from "./create-window-operator.ts";
import { WindowHarness, type WindowHarnessOptions } from "./testing/window-harness.ts";
import { heapStore } from "./testing/window-job.ts";
import { CONTENTS, windowSpec, type Item } from "./testing/window-specs.ts";

const item = (key: unknown, value: number): Item => ({ key, values: [value] });
const fired = (key: unknown, start: number, end: number, ...values: number[]): unknown => ({
  key,
  start,
  end,
  values,
});

function start(spec: WindowSpec, options: Partial<WindowHarnessOptions> = {}): WindowHarness {
  return new WindowHarness((context) => createWindowOperator(spec, context), {
    store: heapStore(),
    ...options,
  });
}

describe("windows of event time", () => {
  it("fire in order of their ends, though the watermark jumps over several, then forward it", () => {
    const harness = start(windowSpec(SlidingEventTimeWindows.of(10, 5), { contents: CONTENTS.aggregate }));
    harness.record(item("a", 1), 23);
    harness.record(item("b", 2), 1);
    harness.watermark(100);
    expect(harness.emitted.map((out) => (out.kind === "record" ? out.timestamp : out))).toEqual([
      4,
      9,
      24,
      29,
      { kind: "watermark", time: 100 },
    ]);
  });

  it("stop at each emission when the flow is blocked, and forward the watermark last", () => {
    for (const contents of [CONTENTS.process, CONTENTS.aggregate]) {
      const harness = start(windowSpec(SlidingEventTimeWindows.of(10, 5), { contents }), {
        blocks: () => true,
      });
      for (const key of ["a", "b", "c"]) harness.record(item(key, 1), 1);
      harness.watermarkNow(9);
      expect(harness.blocked).toBe(true);
      expect(harness.emitted).toHaveLength(1);
      harness.settle();
      expect(harness.values).toHaveLength(6);
      expect(harness.emitted.at(-1)).toEqual({ kind: "watermark", time: 9 });
    }
  });

  it("let nothing overtake the firing under way", () => {
    const spec = windowSpec(TumblingEventTimeWindows.of(10));
    const harness = start(spec, { blocks: () => true, poison: "skip" });
    for (const key of ["a", "b"]) harness.record(item(key, 1), 1);
    harness.watermarkNow(9);
    harness.recordNow(item("c", 2), 12);
    harness.recordNow(item(undefined, 3), 12);
    harness.operator.processIdle!(true);
    harness.operator.processWatermark!(19);
    harness.recordNow(item("d", 4), 13);
    expect(harness.emitted).toHaveLength(1);
    harness.settle();
    expect(harness.emitted.map((out) => (out.kind === "record" ? (out.value as Item).key : out))).toEqual([
      "a",
      "b",
      { kind: "watermark", time: 9 },
      { kind: "idle", idle: true },
      "c",
      { kind: "watermark", time: 19 },
      { kind: "side", tag: "late", value: item("d", 4), timestamp: 13 },
    ]);
    // No chain is around the operator then, so it reports the record itself.
    expect(harness.poisoned).toMatchObject([{ record: item(undefined, 3), timestamp: 12 }]);
  });

  it("forward a watermark with which nothing is due", () => {
    const harness = start(windowSpec(TumblingEventTimeWindows.of(10)));
    harness.record(item("a", 1), 1);
    harness.watermark(8);
    expect(harness.emitted).toEqual([{ kind: "watermark", time: 8 }]);
  });

  it("drop and count late records where no side output was asked for", () => {
    const harness = start(windowSpec(TumblingEventTimeWindows.of(10), { lateOutput: undefined }));
    harness.watermark(20);
    harness.record(item("a", 1), 19);
    harness.record(item("a", 2), 20);
    expect(harness.lateDropped).toBe(1);
    expect(harness.side("late")).toEqual([]);
  });

  it("refuse records without timestamp, and keys that are none", () => {
    const harness = start(windowSpec(TumblingEventTimeWindows.of(10)));
    expect(() => harness.record(item("a", 1), -Infinity)).toThrow("needs event time");
    expect(() => harness.record(item("a", 1), Infinity)).toThrow("in no window");
    expect(() => harness.record(item(undefined, 1), 1)).toThrow("key is undefined");
  });

  it("reach back before the epoch", () => {
    const harness = start(windowSpec(SlidingEventTimeWindows.of(10, 5, 2)));
    harness.record(item("a", 1), -1);
    harness.watermark(100);
    expect(harness.take()).toEqual([fired("a", -8, 2, 1), fired("a", -3, 7, 1)]);
  });
});

describe("windows of processing time", () => {
  it("fire once the clock has passed their end", () => {
    const harness = start(windowSpec(TumblingProcessingTimeWindows.of(10)));
    harness.record(item("a", 1), -Infinity);
    harness.advanceTo(9);
    harness.record(item("a", 2), 1234);
    harness.watermark(1000);
    expect(harness.take()).toEqual([]);
    harness.advanceTo(10);
    harness.record(item("a", 3), -Infinity);
    expect(harness.take()).toEqual([fired("a", 0, 10, 1, 2)]);
    harness.advanceTo(100);
    expect(harness.take()).toEqual([fired("a", 10, 20, 3)]);
  });

  it("take records at any time of the clock, though it is not read for each", () => {
    const harness = start(
      windowSpec(SlidingProcessingTimeWindows.of(10, 4), { contents: CONTENTS.aggregate }),
    );
    const seen: unknown[] = [];
    for (let now = 0; now < 60; now++) {
      harness.advanceTo(now);
      seen.push(...harness.take());
      if (now % 3 === 0 && now < 20) harness.record(item("a", now), 0);
    }
    const expected: unknown[] = [];
    for (let start = -8; start < 20; start += 4) {
      const values = [0, 3, 6, 9, 12, 15, 18].filter((value) => value >= start && value < start + 10);
      if (values.length > 0) expected.push(fired("a", start, start + 10, ...values));
    }
    expect(seen).toEqual(expected);
  });

  it("take what comes while they wait for room afterwards, the clock included", () => {
    const harness = start(windowSpec(TumblingProcessingTimeWindows.of(10)), { blocks: () => true });
    harness.record(item("a", 1), 0);
    harness.record(item("b", 1), 0);
    harness.clock.advanceTo(10);
    harness.runMails();
    expect(harness.blocked).toBe(true);
    harness.recordNow(item("c", 1), 0);
    harness.clock.advanceTo(25);
    harness.recordNow(item("d", 1), 0);
    harness.settle();
    expect(harness.take()).toEqual([fired("a", 0, 10, 1), fired("b", 0, 10, 1)]);
    harness.advanceTo(30);
    expect(harness.take()).toEqual([fired("c", 20, 30, 1), fired("d", 20, 30, 1)]);
  });

  it("go on after a restore: what is over by then fires at once", async () => {
    const spec = windowSpec(TumblingProcessingTimeWindows.of(10), { contents: CONTENTS.reduce });
    const store = heapStore();
    const before = start(spec, { store });
    before.record(item("a", 1), 0);
    const restored = heapStore();
    await restored.restore([(await takeSnapshot(store))!], inMemory);
    const after = start(spec, { store: restored });
    after.advanceTo(5);
    after.record(item("a", 2), 0);
    expect(after.take()).toEqual([]);
    after.advanceTo(10);
    expect(after.take()).toEqual([fired("a", 0, 10, 1, 2)]);
  });

  it("never put records back into windows that have fired, even when the clock is set back", () => {
    const harness = start(windowSpec(TumblingProcessingTimeWindows.of(10)));
    harness.advanceTo(15);
    harness.record(item("a", 1), 0);
    harness.advanceTo(20);
    Object.defineProperty(harness.clock, "now", { value: () => 3, configurable: true });
    harness.record(item("a", 2), 0);
    expect(harness.take()).toEqual([fired("a", 10, 20, 1)]);
    Reflect.deleteProperty(harness.clock, "now");
    harness.advanceTo(60);
    expect(harness.take()).toEqual([fired("a", 20, 30, 2)]);
  });
});
