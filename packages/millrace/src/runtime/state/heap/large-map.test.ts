import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyIndex } from "../../../common/keys/key-index.ts";
import { LargeMap } from "./large-map.ts";

const key = fc.oneof(
  fc.integer({ min: 0, max: 30 }),
  fc.string({ maxLength: 2 }),
  fc.boolean(),
  fc.bigInt({ min: 0n, max: 5n }),
);

describe("LargeMap", () => {
  it("agrees with a Map, before and after it is split", () => {
    const steps = fc.array(fc.record({ key, remove: fc.boolean() }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (all) => {
        const map = new LargeMap<KeyIndex, number>(8);
        const oracle = new Map<KeyIndex, number>();
        all.forEach((step, i) => {
          if (step.remove) {
            map.delete(step.key);
            oracle.delete(step.key);
          } else {
            map.set(step.key, i);
            oracle.set(step.key, i);
          }
          expect(map.size).toBe(oracle.size);
        });
        for (const { key } of all) expect(map.get(key)).toBe(oracle.get(key));
      }),
    );
  });
});
