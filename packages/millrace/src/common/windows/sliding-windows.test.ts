import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from "./sliding-windows.ts";

describe.each([
  {
    name: "SlidingEventTimeWindows",
    Windows: SlidingEventTimeWindows,
    domain: "event",
    trigger: "EventTimeTrigger",
  },
  {
    name: "SlidingProcessingTimeWindows",
    Windows: SlidingProcessingTimeWindows,
    domain: "processing",
    trigger: "ProcessingTimeTrigger",
  },
])("$name", ({ Windows, domain, trigger }) => {
  it("put a record into every window that holds it, the latest first", () => {
    const starts = Windows.of(10, 3)
      .assignWindows(undefined, 11)
      .map(({ start }) => start);
    expect(starts).toEqual([9, 6, 3]);
    expect(
      Windows.of(10, 5)
        .assignWindows(undefined, 11)
        .map(({ start, end }) => [start, end]),
    ).toEqual([
      [10, 20],
      [5, 15],
    ]);
  });

  it("agree with a search through all windows, in whatever order records come", () => {
    const parameters = fc.record({
      size: fc.integer({ min: 1, max: 60 }),
      slide: fc.integer({ min: 1, max: 60 }),
      offset: fc.integer({ min: -59, max: 59 }),
      times: fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 1, maxLength: 30 }),
    });
    fc.assert(
      fc.property(parameters, ({ size, slide, offset, times }) => {
        fc.pre(Math.abs(offset) < slide);
        const windows = Windows.of(size, slide, offset);
        for (const time of times) {
          const expected: number[] = [];
          for (let i = Math.ceil(500 / slide); i >= -Math.ceil(500 / slide); i--) {
            const start = i * slide + offset;
            if (start <= time && time < start + size) expected.push(start);
          }
          expect(windows.assignWindows(undefined, time).map(({ start }) => start)).toEqual(expected);
        }
      }),
    );
  });

  it("leave gaps where the slide is longer than the size", () => {
    const windows = Windows.of(2, 10);
    expect(windows.assignWindows(undefined, 11)).toHaveLength(1);
    expect(windows.assignWindows(undefined, 12)).toHaveLength(0);
    expect(windows.assignWindows(undefined, 20)).toHaveLength(1);
  });

  it("know their shape, time and trigger", () => {
    const windows = Windows.of(10, 2, 1);
    expect(windows.shape).toEqual({ kind: "sliding", size: 10, slide: 2, offset: 1 });
    expect(windows.timeDomain).toBe(domain);
    expect(windows.defaultTrigger().name).toBe(trigger);
  });

  it("refuse wrong lengths and offsets", () => {
    expect(() => Windows.of(0, 1)).toThrow(/size/u);
    expect(() => Windows.of(10, 0)).toThrow(/slide/u);
    expect(() => Windows.of(10, 2.5)).toThrow(/slide/u);
    expect(() => Windows.of(10, 5, 5)).toThrow(/shorter than 5/u);
    expect(() => Windows.of(10, 5).assignWindows(undefined, -Infinity)).toThrow(/timestamp/u);
  });
});
