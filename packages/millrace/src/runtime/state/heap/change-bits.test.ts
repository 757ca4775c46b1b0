import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChangeBits } from "./change-bits.ts";

describe("ChangeBits", () => {
  it("agrees with a Set", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 500 }), { maxLength: 60 }), (ids) => {
        const bits = new ChangeBits();
        bits.reserve(501);
        const oracle = new Set<number>();
        for (const id of ids) {
          bits.add(id);
          oracle.add(id);
        }
        bits.reserve(5000);
        for (let id = 0; id < 520; id++) expect(bits.has(id)).toBe(oracle.has(id));
        bits.clear();
        expect(ids.some((id) => bits.has(id))).toBe(false);
      }),
    );
  });
});
