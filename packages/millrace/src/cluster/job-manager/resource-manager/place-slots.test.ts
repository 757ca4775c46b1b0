import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeSlots, type PlacementMode, type SlotOffer } from "./place-slots.ts";

const offers = (...free: readonly number[]): SlotOffer[] =>
  free.map((count, index) => ({ taskManagerId: `tm${index}`, free: count, total: 4 }));
const place = (count: number, mode: PlacementMode, ...free: readonly number[]): string[] | undefined =>
  placeSlots(Array(count).fill(undefined), offers(...free), mode)?.map(({ taskManagerId }) => taskManagerId);

describe("placing slots", () => {
  it("packs onto as few TaskManagers as possible", () => {
    expect(place(2, "packed", 4, 2, 3)).toEqual(["tm1", "tm1"]);
    expect(place(4, "packed", 1, 3, 2)).toEqual(["tm1", "tm1", "tm1", "tm0"]);
  });

  it("spreads evenly", () => {
    expect(place(4, "spread", 4, 4, 4)).toEqual(["tm0", "tm1", "tm2", "tm0"]);
    expect(place(2, "spread", 1, 4, 2)).toEqual(["tm1", "tm1"]);
  });

  it("gives each slot one that is free, or none to any", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 }),
        fc.array(fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }), { maxLength: 12 }),
        fc.constantFrom<PlacementMode>("packed", "spread"),
        (free, former, mode) => {
          const given = offers(...free);
          const wanted = former.map((index) => (index === undefined ? undefined : `tm${index}`));
          const placed = placeSlots(wanted, given, mode);
          const enough = free.reduce((a, b) => a + b, 0) >= wanted.length;
          expect(placed !== undefined).toBe(enough);
          given.forEach((offer, index) => {
            const used = placed?.filter((each) => each === offer).length ?? 0;
            expect(offer.free).toBe((free[index] as number) - used);
            expect(offer.free).toBeGreaterThanOrEqual(0);
          });
          // What is given away from a former place is given to others that were there.
          wanted.forEach((id, slot) => {
            const offer = given.find(({ taskManagerId }) => taskManagerId === id);
            if (placed === undefined || offer === undefined || placed[slot] === offer) return;
            const same = wanted.filter((other) => other === id).length;
            expect(same).toBeGreaterThan(free[given.indexOf(offer)] as number);
          });
        },
      ),
    );
  });
});
