import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MinHeap } from "./min-heap.ts";

describe("MinHeap", () => {
  it("gives what a sorted array gives", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("push" as const), time: fc.integer({ min: -20, max: 20 }) }),
      fc.record({
        kind: fc.constantFrom("pop" as const, "filter" as const),
        time: fc.integer({ min: -20, max: 20 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const heap = new MinHeap<{ readonly time: number }>();
        let oracle: number[] = [];
        for (const { kind, time } of steps) {
          if (kind === "push") {
            heap.push({ time });
            oracle = [...oracle, time].sort((a, b) => a - b);
          } else if (kind === "pop") {
            heap.pop();
            oracle = oracle.slice(1);
          } else {
            heap.filter((item) => item.time <= time);
            oracle = oracle.filter((each) => each <= time);
          }
          expect([heap.size, heap.top?.time]).toEqual([oracle.length, oracle[0]]);
        }
      }),
    );
  });
});
