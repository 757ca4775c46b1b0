import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hours } from "../time/durations.ts";
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from "./tumbling-windows.ts";

const time = fc.integer({ min: -1_000_000_000_000, max: 4_000_000_000_000 });
const size = fc.integer({ min: 1, max: 100_000_000 });

describe.each([
  {
    name: "TumblingEventTimeWindows",
    Windows: TumblingEventTimeWindows,
    domain: "event",
    trigger: "EventTimeTrigger",
  },
  {
    name: "TumblingProcessingTimeWindows",
    Windows: TumblingProcessingTimeWindows,
    domain: "processing",
    trigger: "ProcessingTimeTrigger",
  },
])("$name", ({ Windows, domain, trigger }) => {
  it("put every record into the one aligned window that holds it", () => {
    fc.assert(
      fc.property(time, size, fc.double({ min: -0.99, max: 0.99, noNaN: true }), (timestamp, size, share) => {
        const offset = Math.trunc(size * share);
        const windows = Windows.of(size, offset).assignWindows(undefined, timestamp);
        expect(windows).toHaveLength(1);
        const { start, end } = windows[0]!;
        expect(start <= timestamp && timestamp < end).toBe(true);
        expect(end - start).toBe(size);
        expect(Math.abs((start - offset) % size)).toBe(0);
      }),
    );
  });

  it("answer the same windows, whatever was asked before", () => {
    const windows = Windows.of(10);
    const asked = [5, 7, 12, 3, 3, -1].map((t) => windows.assignWindows(undefined, t)[0]);
    expect(asked.map((window) => window!.start)).toEqual([0, 0, 10, 0, 0, -10]);
  });

  it("know their shape, time and trigger", () => {
    const windows = Windows.of(hours(24), hours(-8));
    expect(windows.shape).toEqual({ kind: "tumbling", size: 86_400_000, offset: -28_800_000 });
    expect(windows.timeDomain).toBe(domain);
    expect(windows.defaultTrigger().name).toBe(trigger);
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity])("refuse the size %s", (wrong) => {
    expect(() => Windows.of(wrong)).toThrow(/the size must be a whole number of milliseconds above 0/u);
  });

  it.each([10, -10, 0.5, Number.NaN])("refuse the offset %s of windows of 10 ms", (wrong) => {
    expect(() => Windows.of(10, wrong)).toThrow(
      /offset must be a whole number of milliseconds and shorter than 10/u,
    );
  });

  it("refuse records without a timestamp", () => {
    expect(() => Windows.of(10).assignWindows(undefined, -Infinity)).toThrow(/needs event time/u);
  });
});
