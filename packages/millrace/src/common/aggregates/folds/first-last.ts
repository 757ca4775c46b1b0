import type { AggregateFunction } from "../../state/state.ts";
import type { Select } from "../aggregation-part.ts";

interface Kept {
  seen: boolean;
  value: unknown;
}

/** The first value that came. Merging is not defined: which of two parts was first is not known. */
export const firstValue = (select: Select): AggregateFunction<unknown, Kept, unknown> => ({
  createAccumulator: () => ({ seen: false, value: null }),
  add(kept, record) {
    if (!kept.seen) {
      kept.value = select(record);
      kept.seen = true;
    }
    return kept;
  },
  getResult: (kept) => kept.value,
});

/** The last value that came. Merging is not defined. */
export const lastValue = (select: Select): AggregateFunction<unknown, Kept, unknown> => ({
  createAccumulator: () => ({ seen: false, value: null }),
  add(kept, record) {
    kept.value = select(record);
    kept.seen = true;
    return kept;
  },
  getResult: (kept) => kept.value,
});
