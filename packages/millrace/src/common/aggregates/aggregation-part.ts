import type { AggregateFunction } from "../state/state.ts";
import type { TypeDescription } from "../types/type-description.ts";

/** Takes a value of a record. */
export type Select = (value: unknown) => unknown;

/**
 * How one aggregate is computed, as data. The frequent ones are known by kind and are written out in generated code; all
 * others are folds, which keep whatever they like in one slot.
 */
export type AggregationPart =
  | { readonly kind: "count"; readonly where: Select | undefined }
  | { readonly kind: "sum" | "avg" | "min" | "max"; readonly select: Select }
  // The accumulator is the fold's own affair: `any` stands for all of them.
  | {
      readonly kind: "fold";
      readonly name: string;
      readonly aggregate: AggregateFunction<unknown, any, unknown>;
    };

/** A field of the flat accumulator. */
export interface AccumulatorSlot {
  readonly name: string;
  readonly type: TypeDescription;
  /** Makes its first value. */
  initial(): unknown;
}

const INT: TypeDescription = Object.freeze({ kind: "int" });
const DOUBLE: TypeDescription = Object.freeze({ kind: "double" });
const ANY: TypeDescription = Object.freeze({ kind: "any" });

/**
 * The slots of a part in the flat accumulator, the main one first: it carries the aggregate's name, the others that name with
 * a suffix. State outlives programs: names and types don't change.
 */
export function slotsOf(name: string, part: AggregationPart): readonly AccumulatorSlot[] {
  const zero = (): number => 0;
  switch (part.kind) {
    case "count":
      return [{ name, type: INT, initial: zero }];
    case "sum":
      return [
        { name, type: DOUBLE, initial: zero },
        { name: `${name}#rest`, type: DOUBLE, initial: zero },
      ];
    case "avg":
      return [
        { name, type: DOUBLE, initial: zero },
        { name: `${name}#rest`, type: DOUBLE, initial: zero },
        { name: `${name}#count`, type: INT, initial: zero },
      ];
    case "min":
    case "max":
      return [{ name, type: ANY, initial: () => null }];
    case "fold":
      return [
        {
          name,
          type: part.aggregate.accumulatorType?.description ?? ANY,
          initial: () => part.aggregate.createAccumulator(),
        },
      ];
  }
}
