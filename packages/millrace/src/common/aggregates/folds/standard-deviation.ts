import type { AggregateFunction } from "../../state/state.ts";
import type { TypeInfo } from "../../types/type-info.ts";
import { Types } from "../../types/types.ts";
import type { Select } from "../aggregation-part.ts";
import { notANumber } from "../not-a-number.ts";

interface Moments {
  count: number;
  mean: number;
  /** The sum of squared distances from the mean. */
  squares: number;
}

const MOMENTS: TypeInfo<Moments> = Types.object({
  count: Types.int,
  mean: Types.double,
  squares: Types.double,
});

/**
 * The standard deviation by Welford's method, which does not cancel as the sum of squares does; parts are joined as Chan has it.
 * `sample` divides by n - 1 instead of n.
 */
export const standardDeviation = (
  select: Select,
  sample: boolean,
): AggregateFunction<unknown, Moments, number | null> => ({
  accumulatorType: MOMENTS,
  createAccumulator: () => ({ count: 0, mean: 0, squares: 0 }),
  add(moments, record) {
    const value = select(record);
    if (typeof value !== "number") {
      if (value !== null && value !== undefined) throw notANumber("stddev", value);
      return moments;
    }
    moments.count++;
    const before = value - moments.mean;
    moments.mean += before / moments.count;
    moments.squares += before * (value - moments.mean);
    return moments;
  },
  getResult({ count, squares }) {
    const divisor = sample ? count - 1 : count;
    return divisor < 1 ? null : Math.sqrt(squares / divisor);
  },
  merge(a, b) {
    if (b.count === 0) return a;
    if (a.count === 0) return Object.assign(a, b);
    const count = a.count + b.count;
    const distance = b.mean - a.mean;
    a.squares += b.squares + (distance * distance * a.count * b.count) / count;
    a.mean += (distance * b.count) / count;
    a.count = count;
    return a;
  },
});
