import type { Duration } from "../../../../common/time/durations.ts";
import type { ProcessWindowFunction } from "../../../../common/windows/window-functions.ts";
import type { WindowAssigner } from "../../../../common/windows/window-assigner.ts";
import type { TimeWindow } from "../../../../common/windows/window.ts";
import type { WindowContents, WindowSpec } from "../../../../graph/stream/operator-spec.ts";
import type { Fired } from "./window-oracle.ts";

/** The records of the tests. */
export interface Item {
  readonly key: unknown;
  readonly values: readonly number[];
}

export const LATE = { "~millrace": "output", id: "late", type: undefined } as const;

interface Gathered {
  readonly values: number[];
}

const ascending = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);

const toFired = (
  key: unknown,
  { start, end }: TimeWindow,
  gathered: { readonly values: readonly number[] },
): Fired => ({
  key,
  start,
  end,
  values: ascending(gathered.values),
});

const gatherAll: ProcessWindowFunction<unknown, TimeWindow, unknown, Fired> = {
  onWindow(records, context) {
    const values = [...(records as Iterable<Item>)].flatMap((item) => item.values);
    context.collect(toFired(context.key, context.window, { values }));
  },
};

/** The same contents in the three ways to keep them; each emits `Fired`. */
export const CONTENTS: Readonly<Record<"process" | "aggregate" | "reduce", WindowContents>> = {
  process: { kind: "process", type: undefined, fn: gatherAll },
  aggregate: {
    kind: "aggregate",
    aggregate: {
      createAccumulator: (): Gathered => ({ values: [] }),
      add(accumulator, value) {
        (accumulator as Gathered).values.push(...(value as Item).values);
        return accumulator;
      },
      getResult: (accumulator) => accumulator,
      merge(a, b) {
        (a as Gathered).values.push(...(b as Gathered).values);
        return a;
      },
    },
    output: { kind: "result", fn: (key, window, result) => toFired(key, window, result as Gathered) },
  },
  reduce: {
    kind: "reduce",
    mergeable: true,
    type: undefined,
    reduce: (a, b) => ({ key: (a as Item).key, values: [...(a as Item).values, ...(b as Item).values] }),
    output: { kind: "process", fn: gatherAll },
  },
};

/** A window by the field `key`, with defaults for the rest. */
export function windowSpec(
  assigner: WindowAssigner<never>,
  settings: Partial<WindowSpec> & { readonly allowedLateness?: Duration } = {},
): WindowSpec {
  return {
    kind: "window",
    keySelector: (item) => (item as Item).key,
    assigner,
    trigger: undefined,
    evictor: undefined,
    allowedLateness: 0,
    lateOutput: LATE,
    contents: CONTENTS.process,
    ...settings,
  };
}
