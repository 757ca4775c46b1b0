import { MillraceError } from "../../errors/millrace-error.ts";
import type { AggregateFunction } from "../../state/state.ts";
import type { AnyType } from "../../types/infer-types.ts";
import { Types } from "../../types/types.ts";
import type { Select } from "../aggregation-part.ts";
import { comesBefore } from "./order.ts";

interface Ranked {
  readonly by: unknown;
  readonly record: unknown;
}

/** The `n` records with the greatest values, sorted; of equal ones those that came first. */
export function topRecords(
  n: number,
  by: Select,
  type: AnyType,
): AggregateFunction<unknown, Ranked[], unknown[]> {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new MillraceError("INVALID_ARGUMENT", `top takes a whole number of records above 0, got ${n}`);
  }
  return {
    accumulatorType: Types.array(Types.object({ by: Types.any, record: type })),
    createAccumulator: () => [],
    add(best, record) {
      const value = by(record);
      if (value !== null && value !== undefined) insert(best, { by: value, record }, n);
      return best;
    },
    getResult: (best) => best.map(({ record }) => record),
    merge(a, b) {
      for (const ranked of b) insert(a, ranked, n);
      return a;
    },
  };
}

/** Puts an element behind all that are not less, and drops what is then too much. */
function insert(best: Ranked[], ranked: Ranked, n: number): void {
  if (best.length === n && !comesBefore(best[n - 1]!.by, ranked.by)) return;
  let at = best.length;
  while (at > 0 && comesBefore(best[at - 1]!.by, ranked.by)) at--;
  best.splice(at, 0, ranked);
  if (best.length > n) best.pop();
}
