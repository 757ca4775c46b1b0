import type { AggregateFunction } from "../../state/state.ts";
import { Types } from "../../types/types.ts";
import type { Select } from "../aggregation-part.ts";

/** How many different values came; null and undefined don't count. */
export const distinctCount = (select: Select): AggregateFunction<unknown, Set<unknown>, number> => ({
  accumulatorType: Types.set(Types.any),
  createAccumulator: () => new Set(),
  add(seen, record) {
    const value = select(record);
    if (value !== null && value !== undefined) seen.add(value);
    return seen;
  },
  getResult: (seen) => seen.size,
  merge(a, b) {
    for (const value of b) a.add(value);
    return a;
  },
});
