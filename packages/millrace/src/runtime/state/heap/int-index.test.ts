import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IntIndex } from "./int-index.ts";

const key = fc.oneof(
  fc.integer({ min: -4, max: 40 }),
  fc.constantFrom(-0x8000_0000, 0x7fff_ffff, -1, 0),
  fc.integer(),
);

describe("IntIndex", () => {
  it("agrees with a Map under any additions and removals", () => {
    const steps = fc.array(fc.record({ key, remove: fc.boolean() }), { maxLength: 300 });
    fc.assert(
      fc.property(steps, (all) => {
        const index = new IntIndex();
        const oracle = new Map<number, number>();
        all.forEach((step, id) => {
          if (step.remove) {
            index.remove(step.key);
            oracle.delete(step.key);
          } else if (!oracle.has(step.key)) {
            index.add(step.key, id);
            oracle.set(step.key, id);
          }
          expect(index.size).toBe(oracle.size);
        });
        for (const { key } of all) expect(index.find(key)).toBe(oracle.get(key) ?? -1);
      }),
      { numRuns: 200 },
    );
  });

  it("keeps a hundred thousand keys in steps of a large power of two", () => {
    const index = new IntIndex();
    for (let i = 0; i < 100_000; i++) index.add(Math.imul(i, 1 << 15), i);
    expect(index.find(Math.imul(99_999, 1 << 15))).toBeGreaterThanOrEqual(0);
    expect(index.find(1)).toBe(-1);
  });

  it("is empty after clear", () => {
    const index = new IntIndex();
    for (let i = 0; i < 50; i++) index.add(i, i);
    index.clear();
    expect(index.size).toBe(0);
    expect(index.find(7)).toBe(-1);
    index.add(7, 3);
    expect(index.find(7)).toBe(3);
  });
});
