import type { AggregationPart } from "./aggregation-part.ts";

/** The flat accumulator of a combined aggregate: a mutable object with the slots of all parts. */
export type FlatAccumulator = Record<string, unknown>;

/** The parts of a combined aggregate by name; `bare` where there is one, whose result stands alone. */
export interface CombinedParts {
  readonly bare: boolean;
  readonly parts: readonly (readonly [name: string, part: AggregationPart])[];
}
