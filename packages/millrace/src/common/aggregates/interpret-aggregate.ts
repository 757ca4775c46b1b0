import type { AggregateFunction } from "../state/state.ts";
import { slotsOf, type AggregationPart } from "./aggregation-part.ts";
import type { CombinedParts, FlatAccumulator } from "./combined-parts.ts";
import { lostIn, totalOf } from "./compensated-sum.ts";
import { notANumber } from "./not-a-number.ts";

/** What one part does to the flat accumulator. */
interface PartSteps {
  add(accumulator: FlatAccumulator, record: unknown): void;
  result(accumulator: FlatAccumulator): unknown;
  merge(into: FlatAccumulator, from: FlatAccumulator): void;
}

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
  const steps = parts.map(([name, part]) => stepsOf(name, part));
  return {
    createAccumulator: () => Object.fromEntries(slots.map((slot) => [slot.name, slot.initial()])),
    add(accumulator, record) {
      for (const step of steps) step.add(accumulator, record);
      return accumulator;
    },
    getResult(accumulator) {
      if (bare) return steps[0]!.result(accumulator);
      return Object.fromEntries(steps.map((step, i) => [parts[i]![0], step.result(accumulator)]));
    },
    merge(a, b) {
      for (const step of steps) step.merge(a, b);
      return a;
    },
  };
}

function stepsOf(name: string, part: AggregationPart): PartSteps {
  const [main, rest, count] = slotsOf(name, part).map((slot) => slot.name) as [string, string, string];
  switch (part.kind) {
    case "count":
      return countSteps(main, part.where);
    case "sum":
    case "avg":
      return sumSteps(main, rest, part.kind === "avg" ? count : undefined, part.select);
    case "min":
    case "max":
      return extremeSteps(main, part.kind, part.select);
    case "fold":
      return foldSteps(main, part.aggregate);
  }
}

const countSteps = (main: string, where: ((record: unknown) => unknown) | undefined): PartSteps => ({
  add(accumulator, record) {
    if (where === undefined || where(record) === true) (accumulator as Numbers)[main]!++;
  },
  result: (accumulator) => accumulator[main],
  merge(into, from) {
    (into as Numbers)[main]! += (from as Numbers)[main]!;
  },
});

function sumSteps(
  main: string,
  rest: string,
  count: string | undefined,
  select: (record: unknown) => unknown,
): PartSteps {
  const addNumber = (numbers: Numbers, x: number): void => {
    const sum = numbers[main]!;
    const total = sum + x;
    numbers[rest]! += lostIn(sum, x, total);
    numbers[main] = total;
  };
  return {
    add(accumulator, record) {
      const numbers = accumulator as Numbers;
      const x = select(record);
      if (typeof x === "number") {
        addNumber(numbers, x);
        if (count !== undefined) numbers[count]!++;
      } else if (x !== null && x !== undefined) throw notANumber(main, x);
    },
    result(accumulator) {
      const numbers = accumulator as Numbers;
      const total = totalOf(numbers[main]!, numbers[rest]!);
      if (count === undefined) return total;
      return numbers[count] === 0 ? null : total / numbers[count]!;
    },
    merge(into, from) {
      const [a, b] = [into as Numbers, from as Numbers];
      addNumber(a, b[main]!);
      a[rest]! += b[rest]!;
      if (count !== undefined) a[count]! += b[count]!;
    },
  };
}

function extremeSteps(main: string, kind: "min" | "max", select: (record: unknown) => unknown): PartSteps {
  // NaN takes every place and keeps it.
  const beats = (x: unknown, best: unknown): boolean =>
    best === null ||
    Number.isNaN(x) ||
    (kind === "min" ? (x as number) < (best as number) : (x as number) > (best as number));
  const offer = (accumulator: FlatAccumulator, x: unknown): void => {
    if (x !== null && x !== undefined && beats(x, accumulator[main])) accumulator[main] = x;
  };
  return {
    add: (accumulator, record) => offer(accumulator, select(record)),
    result: (accumulator) => accumulator[main],
    merge: (into, from) => offer(into, from[main]),
  };
}

// The accumulator is the fold's own affair: `any` stands for all of them.
const foldSteps = (main: string, fold: AggregateFunction<unknown, any, unknown>): PartSteps => ({
  add(accumulator, record) {
    accumulator[main] = fold.add(accumulator[main], record);
  },
  result: (accumulator) => fold.getResult(accumulator[main]),
  merge(into, from) {
    into[main] = fold.merge?.(into[main], from[main]);
  },
});
