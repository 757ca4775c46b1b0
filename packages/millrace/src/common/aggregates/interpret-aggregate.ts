import type { AggregateFunction } from "../state/state.ts";
import { slotsOf, type AggregationPart } from "./aggregation-part.ts";
import type { CombinedParts, FlatAccumulator } from "./combined-parts.ts";
import { lostIn, totalOf } from "./compensated-sum.ts";
import { notANumber } from "./not-a-number.ts";

type Numbers = Record<string, number>;

/**
 * A combined aggregate without generated code: the readable reference, and what runs where code can't be generated. Its accumulators
 * are those of the generated one.
 */
export function interpretAggregate({
  bare,
  parts,
}: CombinedParts): Required<Omit<AggregateFunction<unknown, FlatAccumulator, unknown>, "accumulatorType">> {
  const slots = parts.flatMap(([name, part]) => slotsOf(name, part));
  return {
    createAccumulator: () => Object.fromEntries(slots.map((slot) => [slot.name, slot.initial()])),
    add(accumulator, value) {
      for (const [name, part] of parts) addTo(accumulator, name, part, value);
      return accumulator;
    },
    getResult(accumulator) {
      if (bare) return resultOf(accumulator, ...parts[0]!);
      return Object.fromEntries(parts.map(([name, part]) => [name, resultOf(accumulator, name, part)]));
    },
    merge(a, b) {
      for (const [name, part] of parts) mergeInto(a, b, name, part);
      return a;
    },
  };
}

function addTo(accumulator: FlatAccumulator, name: string, part: AggregationPart, record: unknown): void {
  const numbers = accumulator as Numbers;
  switch (part.kind) {
    case "count":
      if (part.where === undefined || part.where(record) === true) numbers[name]!++;
      return;
    case "sum":
    case "avg": {
      const x = part.select(record);
      if (typeof x !== "number") {
        if (x !== null && x !== undefined) throw notANumber(name, x);
        return;
      }
      addCompensated(numbers, name, x);
      if (part.kind === "avg") numbers[`${name}#count`]!++;
      return;
    }
    case "min":
    case "max": {
      const x = part.select(record);
      if (x !== null && x !== undefined && beats(part.kind, x, accumulator[name])) accumulator[name] = x;
      return;
    }
    case "fold":
      accumulator[name] = part.aggregate.add(accumulator[name], record);
  }
}

function resultOf(accumulator: FlatAccumulator, name: string, part: AggregationPart): unknown {
  const numbers = accumulator as Numbers;
  switch (part.kind) {
    case "count":
    case "min":
    case "max":
      return accumulator[name];
    case "sum":
      return totalOf(numbers[name]!, numbers[`${name}#rest`]!);
    case "avg": {
      const count = numbers[`${name}#count`]!;
      return count === 0 ? null : totalOf(numbers[name]!, numbers[`${name}#rest`]!) / count;
    }
    case "fold":
      return part.aggregate.getResult(accumulator[name]);
  }
}

function mergeInto(a: FlatAccumulator, b: FlatAccumulator, name: string, part: AggregationPart): void {
  const [into, from] = [a as Numbers, b as Numbers];
  switch (part.kind) {
    case "count":
      into[name]! += from[name]!;
      return;
    case "sum":
    case "avg":
      addCompensated(into, name, from[name]!);
      into[`${name}#rest`]! += from[`${name}#rest`]!;
      if (part.kind === "avg") into[`${name}#count`]! += from[`${name}#count`]!;
      return;
    case "min":
    case "max":
      if (b[name] !== null && beats(part.kind, b[name], a[name])) a[name] = b[name];
      return;
    case "fold":
      a[name] = part.aggregate.merge!(a[name], b[name]);
  }
}

function addCompensated(numbers: Numbers, name: string, x: number): void {
  const sum = numbers[name]!;
  const total = sum + x;
  numbers[`${name}#rest`]! += lostIn(sum, x, total);
  numbers[name] = total;
}

/** Whether `x` takes the place of the best so far. NaN takes every place and keeps it. */
function beats(kind: "min" | "max", x: unknown, best: unknown): boolean {
  if (best === null || Number.isNaN(x)) return true;
  return kind === "min" ? (x as number) < (best as number) : (x as number) > (best as number);
}
