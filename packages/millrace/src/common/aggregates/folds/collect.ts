import type { AggregateFunction } from "../../state/state.ts";
import type { AnyType } from "../../types/infer-types.ts";
import { Types } from "../../types/types.ts";
import type { Select } from "../aggregation-part.ts";

/** All values, in the order they came. */
export const collectValues = (
  select: Select,
  type: AnyType,
): AggregateFunction<unknown, unknown[], unknown[]> => ({
  accumulatorType: Types.array(type),
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
