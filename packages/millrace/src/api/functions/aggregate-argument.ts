import { aggregateOf } from "../../common/aggregates/aggregate-of.ts";
import type { AggregateBuilder, AggregationSpec } from "../../common/aggregates/aggregation.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import type { AggregateFunction } from "../../common/state/state.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { refuseAsync } from "./emitted.ts";

/** What `aggregate` takes, erased: accumulators' types are invariant, so only `any` stands for all of them. */
export type AggregateArgument =
  | ((a: AggregateBuilder<any>) => AggregationSpec)
  | AggregateFunction<any, any, any>;

/** The AggregateFunction that a builder callback or an object stands for. @throws MillraceError INVALID_ARGUMENT */
export function aggregateArgument(
  given: AggregateArgument,
  inputType: TypeInfo<unknown> | undefined,
): AggregateFunction<unknown, unknown, unknown> {
  if (typeof given === "function") {
    refuseAsync("aggregate", given);
    return aggregateOf(inputType)(given) as unknown as AggregateFunction<unknown, unknown, unknown>;
  }
  for (const method of ["createAccumulator", "add", "getResult"] as const) {
    if (typeof given === "object" && given !== null && typeof given[method] === "function") {
      refuseAsync(`aggregate (${method})`, given[method]);
      continue;
    }
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `aggregate takes a builder callback or an AggregateFunction with ${method}, got ${preview(given)}`,
      { help: "Write aggregate((a) => ({ records: a.count() }))." },
    );
  }
  return given;
}
