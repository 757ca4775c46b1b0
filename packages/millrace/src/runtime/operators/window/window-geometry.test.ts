import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WindowGeometry } from "./window-geometry.ts";

const geometry = fc
  .record({
    size: fc.integer({ min: 1, max: 40 }),
    slide: fc.integer({ min: 1, max: 40 }),
    offset: fc.integer({ min: -50, max: 50 }),
  })
  .map(({ size, slide, offset }) => new WindowGeometry(size, slide, offset));
const time = fc.integer({ min: -200, max: 200 });

/** Starts of all windows around zero, by counting. */
function starts(of: WindowGeometry): number[] {
  return Array.from({ length: 1200 }, (_, i) => of.offset + (i - 600) * of.slide);
}

describe("WindowGeometry", () => {
  it("finds the first and the last window that hold a time", () => {
    fc.assert(
      fc.property(geometry, time, (of, time) => {
        const all = starts(of);
        expect(of.lastStart(time)).toBe(all.findLast((start) => start <= time));
        expect(of.firstStart(time)).toBe(all.find((start) => start + of.size > time));
      }),
    );
  });

  it("cuts slices at every start and end of a window, and nowhere else", () => {
    fc.assert(
      fc.property(geometry, time, (of, time) => {
        const edges = starts(of)
          .flatMap((start) => [start, start + of.size])
          .sort((a, b) => a - b);
        expect(of.sliceStart(time)).toBe(edges.findLast((edge) => edge <= time));
        expect(of.sliceEnd(of.sliceStart(time))).toBe(edges.find((edge) => edge > time));
      }),
    );
  });

  it("takes tumbling windows for ones that slide by their size", () => {
    expect(WindowGeometry.of({ kind: "tumbling", size: 10, offset: 3 })).toMatchObject({
      size: 10,
      slide: 10,
      offset: 3,
    });
    expect(WindowGeometry.of({ kind: "sliding", size: 10, slide: 2, offset: 0 })).toMatchObject({
      size: 10,
      slide: 2,
    });
  });
});
