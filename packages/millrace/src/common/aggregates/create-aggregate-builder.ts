import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";
import type { AggregateFunction } from "../state/state.ts";
import type { AnyType } from "../types/infer-types.ts";
import type { TypeInfo } from "../types/type-info.ts";
import { Types } from "../types/types.ts";
import type { AggregateBuilder, Aggregation } from "./aggregation.ts";
import type { AggregationPart, Select } from "./aggregation-part.ts";
import { collectValues } from "./folds/collect.ts";
import { distinctCount } from "./folds/count-distinct.ts";
import { firstValue, lastValue } from "./folds/first-last.ts";
import { pickBy } from "./folds/pick-by.ts";
import { standardDeviation } from "./folds/standard-deviation.ts";
import { topRecords } from "./folds/top.ts";

/**
 * The builder that `aggregate((a) => ...)` hands to its callback.
 *
 * @param type the records' type, where declared: accumulators that keep records are of it
 */
export function aggregateBuilder<T>(type?: TypeInfo<T>): AggregateBuilder<T> {
  const record: AnyType = type ?? Types.any;
  /** The type of what a selector answers: known where there is none. */
  const typeOf = (select: Select): AnyType => (select === itself ? record : Types.any);
  const builder = {
    count: (where?: Select) => aggregation({ kind: "count", where: where && checked("count", where) }),
    sum: (select: Select) => aggregation({ kind: "sum", select: checked("sum", select) }),
    avg: (select: Select) => aggregation({ kind: "avg", select: checked("avg", select) }),
    min: (select: Select) => aggregation({ kind: "min", select: checked("min", select) }),
    max: (select: Select) => aggregation({ kind: "max", select: checked("max", select) }),
    minBy: (by: Select) => fold("minBy", pickBy(checked("minBy", by), "least", record)),
    maxBy: (by: Select) => fold("maxBy", pickBy(checked("maxBy", by), "greatest", record)),
    first: (select = itself) => fold("first", firstValue(checked("first", select), typeOf(select))),
    last: (select = itself) => fold("last", lastValue(checked("last", select), typeOf(select))),
    collect: (select = itself) => fold("collect", collectValues(checked("collect", select), typeOf(select))),
    countDistinct: (select: Select) => fold("countDistinct", distinctCount(checked("countDistinct", select))),
    stddev: (select: Select) => fold("stddev", standardDeviation(checked("stddev", select), false)),
    stddevSample: (select: Select) =>
      fold("stddevSample", standardDeviation(checked("stddevSample", select), true)),
    top: (n: number, by: Select) => fold("top", topRecords(n, checked("top", by), record)),
    custom: (aggregate: AggregateFunction<unknown, unknown, unknown>) => fold("custom", aggregate),
  };
  // Types are erased inside: parts take and give unknown.
  return Object.freeze(builder) as unknown as AggregateBuilder<T>;
}

const itself: Select = (value) => value;

const aggregation = (part: AggregationPart): Aggregation<unknown> =>
  Object.freeze({ "~millrace": "aggregation", part: Object.freeze(part) });

function fold<A>(name: string, aggregate: AggregateFunction<unknown, A, unknown>): Aggregation<unknown> {
  if (typeof aggregate?.add !== "function" || typeof aggregate.createAccumulator !== "function") {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `aggregate ${name} takes an AggregateFunction, got ${preview(aggregate)}`,
    );
  }
  return aggregation({ kind: "fold", name, aggregate });
}

function checked(name: string, select: Select): Select {
  if (typeof select === "function") return select;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    `aggregate ${name} takes a function of the record, got ${preview(select)}`,
    {
      help: `Write a.${name}((record) => record.field).`,
    },
  );
}
