import type { AggregateFunction } from "../../state/state.ts";
import type { Select } from "../aggregation-part.ts";

/** All values, in the order they came. */
export const collectValues = (select: Select): AggregateFunction<unknown, unknown[], unknown[]> => ({
  createAccumulator: () => [],
  add(values, record) {
    values.push(select(record));
    return values;
  },
  // The accumulator goes on growing after the window has fired for the first time.
  getResult: (values) => values.slice(),
  merge(a, b) {
    for (const value of b) a.push(value);
    return a;
  },
});
