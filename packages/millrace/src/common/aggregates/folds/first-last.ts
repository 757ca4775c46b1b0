import type { AggregateFunction } from "../../state/state.ts";
import type { AnyType } from "../../types/infer-types.ts";
import type { TypeInfo } from "../../types/type-info.ts";
import { Types } from "../../types/types.ts";
import type { Select } from "../aggregation-part.ts";

interface Kept {
  seen: boolean;
  value: unknown;
}

const keptType = (type: AnyType): TypeInfo<Kept> =>
  Types.object({ seen: Types.boolean, value: Types.nullable(type) });

/** The first value that came. Merging is not defined: which of two parts was first is not known. */
export const firstValue = (select: Select, type: AnyType): AggregateFunction<unknown, Kept, unknown> => ({
  accumulatorType: keptType(type),
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
export const lastValue = (select: Select, type: AnyType): AggregateFunction<unknown, Kept, unknown> => ({
  accumulatorType: keptType(type),
  createAccumulator: () => ({ seen: false, value: null }),
  add(kept, record) {
    kept.value = select(record);
    kept.seen = true;
    return kept;
  },
  getResult: (kept) => kept.value,
});
