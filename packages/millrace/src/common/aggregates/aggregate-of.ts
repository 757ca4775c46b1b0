import { canGenerateCode } from "../codec/compile.ts";
import { MillraceError } from "../errors/millrace-error.ts";
import { preview } from "../errors/preview.ts";
import type { AggregateFunction } from "../state/state.ts";
import type { CustomCodec, TypeInfo } from "../types/type-info.ts";
import type { AggregateBuilder, AggregationResult, AggregationSpec } from "./aggregation.ts";
import { slotsOf, type AggregationPart } from "./aggregation-part.ts";
import type { CombinedParts, FlatAccumulator } from "./combined-parts.ts";
import { aggregateBuilder } from "./create-aggregate-builder.ts";
import { generateAggregate } from "./generate-aggregate.ts";
import { interpretAggregate } from "./interpret-aggregate.ts";

/** The name of a part that stands alone. */
const BARE_NAME = "value";

/**
 * One AggregateFunction for what a builder callback answers: `add` is a single function over a flat accumulator. It can merge
 * where all its parts can.
 *
 * @param type the records' type, where declared
 * @param build called once, at once
 * @throws MillraceError INVALID_ARGUMENT when the callback answers something else
 * @example
 * ```ts
 * const stats = aggregateOf<Flight>()((a) => ({ flights: a.count(), delay: a.avg((f) => f.delay) }));
 * ```
 */
export const aggregateOf =
  <T>(type?: TypeInfo<T>) =>
  <B extends AggregationSpec>(
    build: (a: AggregateBuilder<T>) => B,
  ): AggregateFunction<T, FlatAccumulator, AggregationResult<B>> =>
    combineParts(partsOf(build(aggregateBuilder(type))), canGenerateCode()) as AggregateFunction<
      T,
      FlatAccumulator,
      AggregationResult<B>
    >;

/** The combined aggregate, generated or interpreted: both keep the same accumulators. */
export function combineParts(
  combined: CombinedParts,
  generated: boolean,
): AggregateFunction<unknown, FlatAccumulator, unknown> {
  const base = generated ? generateAggregate(combined) : interpretAggregate(combined);
  const { createAccumulator, add, getResult, merge } = base;
  const accumulatorType = typeOf(combined);
  const mergeable = combined.parts.every(
    ([, part]) => part.kind !== "fold" || part.aggregate.merge !== undefined,
  );
  return Object.freeze({
    createAccumulator,
    add,
    getResult,
    accumulatorType,
    ...(mergeable ? { merge } : {}),
  });
}

/** The parts of a builder callback's answer, checked. */
export function partsOf(spec: AggregationSpec): CombinedParts {
  if (typeof spec !== "object" || spec === null) throw wrongSpec(spec);
  if (isAggregation(spec)) return { bare: true, parts: [[BARE_NAME, spec.part]] };
  const parts = Object.entries(spec).map(([name, aggregation]) => {
    if (!isAggregation(aggregation)) throw wrongSpec(aggregation, name);
    if (name === "__proto__" || name.includes("#")) {
      throw new MillraceError("INVALID_ARGUMENT", `an aggregate can't be named ${JSON.stringify(name)}`);
    }
    return [name, aggregation.part] as const;
  });
  if (parts.length === 0) throw wrongSpec(spec);
  return { bare: false, parts };
}

const isAggregation = (value: unknown): value is { readonly part: AggregationPart } =>
  typeof value === "object" && value !== null && "~millrace" in value && value["~millrace"] === "aggregation";

function wrongSpec(got: unknown, name?: string): MillraceError {
  const where = name === undefined ? "" : ` for "${name}"`;
  return new MillraceError(
    "INVALID_ARGUMENT",
    `aggregate takes a callback that answers an aggregate or an object of aggregates; it answered${where} ${preview(got)}`,
    { help: "Write aggregate((a) => ({ records: a.count() }))." },
  );
}

function typeOf({ parts }: CombinedParts): TypeInfo<FlatAccumulator> {
  const slots = parts.flatMap(([name, part]) => slotsOf(name, part));
  const customs = new Map<string, CustomCodec<unknown>>(
    parts.flatMap(([, part]) =>
      part.kind === "fold" ? [...(part.aggregate.accumulatorType?.customs ?? [])] : [],
    ),
  );
  const fields = slots.map(({ name, type }) => Object.freeze({ name, type, optional: false }));
  return Object.freeze({
    "~millrace": "type",
    description: Object.freeze({ kind: "object", fields: Object.freeze(fields) }),
    customs,
  });
}
