import fc from "fast-check";
import { expect, it } from "vitest";
import { SortedTimes } from "./sorted-times.ts";

it("SortedTimes gives each time once, in ascending order, whatever is added meanwhile", () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer({ min: -50, max: 50 }), { freq: 3 }), { maxLength: 80 }),
      (steps) => {
        const times = new SortedTimes();
        const expected = new Set<number>();
        const taken: number[] = [];
        const wanted: number[] = [];
        for (const step of steps) {
          if (step !== null) {
            times.add(step);
            expected.add(step);
          } else if (expected.size > 0) {
            const first = Math.min(...expected);
            wanted.push(first, first);
            taken.push(times.first, times.takeFirst());
            expected.delete(first);
          }
        }
        expect(taken).toEqual(wanted);
        expect(times.size).toBe(expected.size);
      },
    ),
  );
});

it("SortedTimes has no first time when empty, and keeps order over thousands", () => {
  const times = new SortedTimes();
  expect(times.first).toBeNaN();
  for (let i = 0; i < 5000; i++) times.add(i);
  for (let i = 0; i < 3000; i++) expect(times.takeFirst()).toBe(i);
  times.add(2999);
  expect(times.takeFirst()).toBe(2999);
  expect(times.first).toBe(3000);
  expect(times.size).toBe(2000);
});
