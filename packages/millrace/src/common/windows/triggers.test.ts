import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContinuousEventTimeTrigger } from "./continuous-event-time-trigger.ts";
import { ContinuousProcessingTimeTrigger } from "./continuous-processing-time-trigger.ts";
import { CountTrigger } from "./count-trigger.ts";
import { DeltaTrigger } from "./delta-trigger.ts";
import { EndOfStreamTrigger } from "./end-of-stream-trigger.ts";
import { EventTimeTrigger } from "./event-time-trigger.ts";
import { NeverTrigger } from "./never-trigger.ts";
import { ProcessingTimeTrigger } from "./processing-time-trigger.ts";
import { PurgingTrigger } from "./purging-trigger.ts";
import { TriggerHarness } from "./testing/trigger-harness.ts";
import { GLOBAL_WINDOW, timeWindow } from "./window.ts";

const window = timeWindow(0, 100);
const times = (fired: readonly (readonly [number, unknown, string])[]): unknown =>
  fired.map(([time, , result]) => [time, result]);

describe("EventTimeTrigger", () => {
  it("fires once the watermark passes the window's end, and at once for late records", () => {
    const harness = new TriggerHarness(EventTimeTrigger.create());
    expect(harness.record("a", 10, window)).toBe("continue");
    expect(harness.record("b", 20, window)).toBe("continue");
    expect(harness.advanceWatermark(98)).toEqual([]);
    expect(times(harness.advanceWatermark(99))).toEqual([[99, "fire"]]);
    expect(harness.record("late", 30, window)).toBe("fire");
    harness.clear(window);
    expect(harness.isClean(window)).toBe(true);
  });

  it("follows merged windows, and not those that they were made of", () => {
    const harness = new TriggerHarness(EventTimeTrigger.create());
    const [first, second, both] = [timeWindow(0, 10), timeWindow(5, 15), timeWindow(0, 15)];
    harness.record("a", 0, first);
    harness.record("b", 5, second);
    harness.merge([first, second], both);
    expect(harness.isClean(first) && harness.isClean(second)).toBe(true);
    expect(harness.advanceWatermark(20)).toEqual([[14, both, "fire"]]);
  });

  it("sets no timer for a merged window that the watermark has passed", () => {
    const harness = new TriggerHarness(EventTimeTrigger.create());
    harness.watermark = 50;
    harness.merge([timeWindow(0, 10)], timeWindow(0, 15));
    expect(harness.isClean(timeWindow(0, 15))).toBe(true);
  });
});

describe("ProcessingTimeTrigger", () => {
  it("fires when processing time passes the window's end", () => {
    const harness = new TriggerHarness(ProcessingTimeTrigger.create());
    expect(harness.record("a", 10, window)).toBe("continue");
    expect(harness.advanceTime(98)).toEqual([]);
    expect(times(harness.advanceTime(99))).toEqual([[99, "fire"]]);
    harness.record("b", 10, window);
    harness.clear(window);
    expect(harness.isClean(window)).toBe(true);
  });

  it("follows merged windows", () => {
    const harness = new TriggerHarness(ProcessingTimeTrigger.create());
    const both = timeWindow(0, 15);
    harness.record("a", 0, timeWindow(0, 10));
    harness.merge([timeWindow(0, 10)], both);
    expect(harness.advanceTime(100)).toEqual([[14, both, "fire"]]);
  });
});

describe("CountTrigger", () => {
  it("fires for every nth record of a window", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 40 }), (max, n) => {
        const harness = new TriggerHarness(CountTrigger.of(max));
        const results = Array.from({ length: n }, (_, i) => harness.record(i, i, GLOBAL_WINDOW));
        expect(results).toEqual(
          Array.from({ length: n }, (_, i) => ((i + 1) % max === 0 ? "fire" : "continue")),
        );
        harness.clear(GLOBAL_WINDOW);
        expect(harness.isClean(GLOBAL_WINDOW)).toBe(true);
      }),
    );
  });

  it("counts windows apart, and together when they merge", () => {
    const harness = new TriggerHarness(CountTrigger.of(4));
    const [first, second, both] = [timeWindow(0, 10), timeWindow(20, 30), timeWindow(0, 30)];
    harness.record("a", 0, first);
    harness.record("b", 0, first);
    harness.record("c", 0, second);
    harness.merge([first, second], both);
    expect(harness.record("d", 0, both)).toBe("fire");
  });

  it("fires at the next record where merged windows count more than enough", () => {
    const harness = new TriggerHarness(CountTrigger.of(3));
    const [first, second, both] = [timeWindow(0, 10), timeWindow(20, 30), timeWindow(0, 30)];
    for (const one of [first, second]) for (const value of ["a", "b"]) harness.record(value, 0, one);
    harness.merge([first, second], both);
    expect(harness.record("e", 0, both)).toBe("fire");
    expect(harness.record("f", 0, both)).toBe("continue");
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses the count %s", (count) => {
    expect(() => CountTrigger.of(count)).toThrow(/whole number above 0/u);
  });
});

describe("ContinuousEventTimeTrigger", () => {
  it("fires at multiples of the interval after the first record, and at the end", () => {
    const harness = new TriggerHarness(ContinuousEventTimeTrigger.of(30));
    expect(harness.record("a", 35, window)).toBe("continue");
    expect(times(harness.advanceWatermark(500))).toEqual([
      [60, "fire"],
      [90, "fire"],
      [99, "fire"],
    ]);
    expect(harness.record("late", 35, window)).toBe("fire");
    harness.clear(window);
    expect(harness.isClean(window)).toBe(true);
  });

  it("goes on from the earliest firing of merged windows", () => {
    const harness = new TriggerHarness(ContinuousEventTimeTrigger.of(30));
    const [first, second, both] = [timeWindow(0, 50), timeWindow(40, 100), timeWindow(0, 100)];
    harness.record("a", 5, first);
    harness.record("b", 45, second);
    harness.merge([first, second], both);
    harness.record("c", 45, both);
    expect(times(harness.advanceWatermark(100))).toEqual([
      [30, "fire"],
      [60, "fire"],
      [90, "fire"],
      [99, "fire"],
    ]);
  });

  it("never ends on the window of all time, and fires at the end of input", () => {
    const harness = new TriggerHarness(ContinuousEventTimeTrigger.of(10));
    harness.record("a", 5, GLOBAL_WINDOW);
    expect(times(harness.advanceWatermark(25))).toEqual([
      [10, "fire"],
      [20, "fire"],
    ]);
  });

  it("refuses intervals that are none", () => {
    expect(() => ContinuousEventTimeTrigger.of(0)).toThrow(/interval/u);
  });
});

describe("ContinuousProcessingTimeTrigger", () => {
  it("fires at multiples of the interval of processing time", () => {
    const harness = new TriggerHarness(ContinuousProcessingTimeTrigger.of(30));
    harness.processingTime = 35;
    expect(harness.record("a", 0, window)).toBe("continue");
    expect(harness.record("b", 0, window)).toBe("continue");
    expect(times(harness.advanceTime(95))).toEqual([
      [60, "fire"],
      [90, "fire"],
    ]);
    expect(times(harness.advanceTime(99))).toEqual([[99, "fire"]]);
    harness.clear(window);
    expect(harness.isClean(window)).toBe(true);
  });

  it("goes on at its interval for windows whose event time lies long ago", () => {
    const harness = new TriggerHarness(ContinuousProcessingTimeTrigger.of(30));
    harness.processingTime = 1000;
    harness.record("a", 5, window);
    expect(times(harness.advanceTime(1060))).toEqual([
      [1020, "fire"],
      [1050, "fire"],
    ]);
  });

  it("goes on from the earliest firing of merged windows", () => {
    const harness = new TriggerHarness(ContinuousProcessingTimeTrigger.of(30));
    const [first, second, both] = [timeWindow(0, 50), timeWindow(40, 100), timeWindow(0, 100)];
    harness.record("a", 0, first);
    harness.advanceTime(25);
    harness.record("b", 0, second);
    harness.merge([first, second], both);
    expect(times(harness.advanceTime(60))).toEqual([
      [30, "fire"],
      [60, "fire"],
    ]);
  });
});

describe("PurgingTrigger", () => {
  it("purges whenever the nested one fires", () => {
    const harness = new TriggerHarness(PurgingTrigger.of(CountTrigger.of(2)));
    expect(harness.record("a", 0, window)).toBe("continue");
    expect(harness.record("b", 0, window)).toBe("fireAndPurge");
    const timed = new TriggerHarness(PurgingTrigger.of(EventTimeTrigger.create()));
    timed.record("a", 0, window);
    expect(times(timed.advanceWatermark(99))).toEqual([[99, "fireAndPurge"]]);
    timed.clear(window);
    expect(timed.isClean(window)).toBe(true);
  });

  it("merges where the nested one can", () => {
    expect(PurgingTrigger.of(CountTrigger.of(2))).toHaveProperty("onMerge");
    expect(PurgingTrigger.of(DeltaTrigger.of(1, () => 0))).not.toHaveProperty("onMerge");
    expect(PurgingTrigger.of(CountTrigger.of(2)).name).toBe("PurgingTrigger(CountTrigger(2))");
  });
});

describe("DeltaTrigger", () => {
  it("fires when a record is too far from the one of the last firing", () => {
    const harness = new TriggerHarness(
      DeltaTrigger.of<number>(10, (earlier, value) => Math.abs(value - earlier)),
    );
    expect([0, 5, 10, 11, 20, 22].map((value) => harness.record(value, 0, GLOBAL_WINDOW))).toEqual([
      "continue",
      "continue",
      "continue",
      "fire",
      "continue",
      "fire",
    ]);
    harness.clear(GLOBAL_WINDOW);
    expect(harness.isClean(GLOBAL_WINDOW)).toBe(true);
  });

  it("can't merge, and refuses thresholds that are no numbers", () => {
    expect(DeltaTrigger.of<number>(1, () => 0)).not.toHaveProperty("onMerge");
    expect(() => DeltaTrigger.of(Number.NaN, () => 0)).toThrow(/threshold/u);
  });
});

describe("NeverTrigger and EndOfStreamTrigger", () => {
  it("fire never, and at the end of input", () => {
    const never = new TriggerHarness(NeverTrigger.create());
    expect(never.record("a", 0, GLOBAL_WINDOW)).toBe("continue");
    expect(never.isClean(GLOBAL_WINDOW)).toBe(true);
    const end = new TriggerHarness(EndOfStreamTrigger.create());
    expect(end.record("a", 0, GLOBAL_WINDOW)).toBe("continue");
    expect(end.advanceWatermark(1e15)).toEqual([]);
    expect(times(end.advanceWatermark(Infinity))).toEqual([[Infinity, "fire"]]);
  });
});
