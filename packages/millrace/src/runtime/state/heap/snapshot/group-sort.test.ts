import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bitWords, setBit } from "../changes/bits.ts";
import { GroupSort, NO_GROUP, type SortSegment } from "./group-sort.ts";

const RANGE = { start: 3, end: 8 };

describe("GroupSort", () => {
  it("gives the positions of each key group, ascending, whatever the slices", () => {
    const group = fc.integer({ min: RANGE.start - 1, max: RANGE.end - 1 });
    const segment = fc.array(fc.record({ group, selected: fc.array(fc.boolean(), { maxLength: 2 }) }), {
      maxLength: 150,
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(segment, fc.boolean()), { maxLength: 4 }),
        fc.constantFrom(32, 64, 2048),
        fc.nat({ max: 300 }),
        (all, limit, expected) => {
          const segments = all.map(([positions, everything]): SortSegment => {
            const selected = [0, 1].map((set) => {
              const words = bitWords(positions.length);
              positions.forEach((position, i) => void (position.selected[set] === true && setBit(words, i)));
              return words;
            });
            return {
              length: positions.length,
              selected: everything ? undefined : selected,
              groupOf: (i) => (positions[i]!.group < RANGE.start ? NO_GROUP : positions[i]!.group),
            };
          });
          const sort = new GroupSort(segments, RANGE, expected);
          while (!sort.advance(limit));
          const flat = all.flatMap(([positions, everything]) =>
            positions.map((position) => ({
              group: position.group,
              in: everything || position.selected.includes(true),
            })),
          );
          for (let g = RANGE.start; g < RANGE.end; g++) {
            const own = flat.flatMap((position, i) => (position.in && position.group === g ? [i] : []));
            expect([...sort.positions(g)]).toEqual(own);
          }
        },
      ),
    );
  });
});
