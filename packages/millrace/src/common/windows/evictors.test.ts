import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CountEvictor } from "./count-evictor.ts";
import { DeltaEvictor } from "./delta-evictor.ts";
import { TimeEvictor } from "./time-evictor.ts";
import type { Evictor, TimestampedValue } from "./trigger.ts";
import { GLOBAL_WINDOW } from "./window.ts";

const context = { currentWatermark: () => 0, currentProcessingTime: () => 0 };
const kept = (evictor: Evictor<number>, records: readonly (readonly [number, number])[]): number[] =>
  evictor.evictBefore!(
    records.map(([value, timestamp]): TimestampedValue<number> => ({ value, timestamp })),
    GLOBAL_WINDOW,
    context,
  ).map(({ value }) => value);

describe("CountEvictor", () => {
  it("keeps the last records", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 0, max: 12 }), (values, max) => {
        const records = values.map((value) => [value, 0] as const);
        expect(kept(CountEvictor.of(max), records)).toEqual(max === 0 ? [] : values.slice(-max));
      }),
    );
  });

  it("works before the function, or after it", () => {
    expect(CountEvictor.of(1)).not.toHaveProperty("evictAfter");
    expect(CountEvictor.of(1, { evictAfter: true })).not.toHaveProperty("evictBefore");
    expect(CountEvictor.of(1, { evictAfter: true })).toHaveProperty("evictAfter");
  });

  it("refuses counts that are none", () => {
    expect(() => CountEvictor.of(-1)).toThrow(/whole number, 0 or more/u);
  });
});

describe("TimeEvictor", () => {
  it("keeps records less than the length older than the latest", () => {
    expect(
      kept(TimeEvictor.of(10), [
        [1, 100],
        [2, 90],
        [3, 91],
        [4, 95],
      ]),
    ).toEqual([1, 3, 4]);
  });

  it("keeps all where there are no timestamps, and nothing of nothing", () => {
    expect(
      kept(TimeEvictor.of(10), [
        [1, -Infinity],
        [2, -Infinity],
      ]),
    ).toEqual([1, 2]);
    expect(kept(TimeEvictor.of(10), [])).toEqual([]);
  });

  it("refuses lengths that are none", () => {
    expect(() => TimeEvictor.of(0)).toThrow(/length/u);
  });
});

describe("DeltaEvictor", () => {
  it("drops what is at the threshold or farther from the last record", () => {
    const evictor = DeltaEvictor.of<number>(5, (value, last) => last - value);
    expect(
      kept(evictor, [
        [1, 0],
        [4, 0],
        [5, 0],
        [6, 0],
        [9, 0],
      ]),
    ).toEqual([5, 6, 9]);
    expect(kept(evictor, [])).toEqual([]);
  });

  it("refuses thresholds that are no numbers", () => {
    expect(() => DeltaEvictor.of(Number.NaN, () => 0)).toThrow(/threshold/u);
  });
});
