import type { AggregateFunction } from "../../state/state.ts";
import type { AnyType } from "../../types/infer-types.ts";
import { Types } from "../../types/types.ts";
import type { Select } from "../aggregation-part.ts";
import { comesBefore } from "./order.ts";

interface Best {
  /** Null as long as no record had a value. */
  by: unknown;
  record: unknown;
}

/** The record with the least or greatest value; null where none had one. */
export const pickBy = (
  by: Select,
  order: "least" | "greatest",
  type: AnyType,
): AggregateFunction<unknown, Best, unknown> => {
  const better = (a: unknown, b: unknown): boolean =>
    order === "least" ? comesBefore(a, b) : comesBefore(b, a);
  return {
    accumulatorType: Types.object({ by: Types.any, record: Types.nullable(type) }),
    createAccumulator: () => ({ by: null, record: null }),
    add(best, record) {
      const value = by(record) ?? null;
      if (value !== null && (best.by === null || better(value, best.by))) {
        best.by = value;
        best.record = record;
      }
      return best;
    },
    getResult: (best) => best.record,
    merge(a, b) {
      if (b.by !== null && (a.by === null || better(b.by, a.by))) {
        a.by = b.by;
        a.record = b.record;
      }
      return a;
    },
  };
};
