import fc from "fast-check";
import { Types } from "../../../../common/types/types.ts";
import type { CapturedState, StateMeta } from "../../../state/captured-state.ts";
import { element, stateMeta } from "./write-part.ts";

/** Objects as programs make them. */
export const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });

/** All kinds of keys. */
export const keys = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.integer(),
  fc.double({ noNaN: true }).filter((n) => !Object.is(n, -0)),
  fc.boolean(),
  fc.bigInt(),
  fc.constant(null),
  fc.date({ noInvalidDate: true }),
  fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
  record({ a: fc.integer(), b: fc.string() }),
);

/** All that is carried without a type. */
export const plainValues = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  maxDepth: 2,
  maxKeys: 4,
});

const times = fc.option(fc.integer({ min: 0, max: 2 ** 45 }), { nil: undefined });
const numbers = fc.oneof(fc.integer(), fc.double());
/** A state, and what it may hold. */
export interface StateSubject {
  readonly meta: StateMeta;
  readonly states: fc.Arbitrary<CapturedState>;
  /** Of tables. */
  readonly namespaces?: fc.Arbitrary<number>;
}

const KINDS = ["value", "list", "map", "reducing", "aggregating"] as const;

/** A state of every layout, kind and time to live, with types and without. */
export const STATE_SUBJECTS: readonly StateSubject[] = [
  ...[false, true].flatMap((typed) => [
    ...[false, true].flatMap((ttl) => KINDS.flatMap((kind) => byKey(kind, typed, ttl))),
    tables(typed),
  ]),
  timers("event-timers"),
  timers("processing-timers"),
];

function elements(typed: boolean, ttl: boolean): fc.Arbitrary<ReturnType<typeof element>> {
  const values = typed
    ? record({ n: fc.integer(), s: fc.string({ unit: "binary" }) })
    : fc.oneof(plainValues, numbers);
  return record<{ value: unknown; time: number | undefined }>({
    value: values,
    time: ttl ? times : fc.constant(undefined),
  }).map(({ value, time }) => element(value, time));
}

function typeOf(typed: boolean) {
  return typed ? Types.object({ n: Types.int, s: Types.string }) : undefined;
}

function statesOf(kind: (typeof KINDS)[number], typed: boolean, ttl: boolean): fc.Arbitrary<CapturedState> {
  const one = elements(typed, ttl);
  if (kind === "list")
    return fc.array(one, { minLength: 1, maxLength: 5 }).map((found) => ({ kind: "list", elements: found }));
  if (kind !== "map") return one;
  return fc
    .array(fc.tuple(typed ? fc.string() : keys, one), { minLength: 1, maxLength: 5 })
    .map((entries) => ({ kind: "map", entries }));
}

function byKey(kind: (typeof KINDS)[number], typed: boolean, ttl: boolean): readonly StateSubject[] {
  const name = `${typed ? "typed " : ""}${kind}${ttl ? " with times" : ""}`;
  const keyType = kind === "map" && typed ? Types.string : undefined;
  const meta = stateMeta({ name, kind, ttl, type: typeOf(typed), keyType });
  const states = statesOf(kind, typed, ttl);
  const namespaces = fc
    .uniqueArray(fc.tuple(fc.string(), states), {
      minLength: 1,
      maxLength: 3,
      selector: ([namespace]) => namespace,
    })
    .map((found): CapturedState => ({ kind: "namespaces", namespaces: found }));
  return [
    { meta, states },
    { meta: { ...meta, name: `${name} in namespaces`, layout: "namespaced" }, states: namespaces },
  ];
}

function tables(typed: boolean): StateSubject {
  return {
    meta: stateMeta({
      name: typed ? "typed tables" : "tables",
      layout: "tables",
      kind: undefined,
      type: typeOf(typed),
    }),
    states: elements(typed, false),
    namespaces: fc.oneof(fc.integer(), fc.integer({ min: 0, max: 2 ** 45 })),
  };
}

function timers(layout: "event-timers" | "processing-timers"): StateSubject {
  const timer = record({
    time: fc.oneof(fc.integer(), fc.constant(Infinity)),
    namespace: fc.constantFrom("", "0:10"),
  });
  return {
    meta: stateMeta({ name: layout, layout, kind: undefined }),
    states: fc
      .array(timer, { minLength: 1, maxLength: 4 })
      .map((found): CapturedState => ({ kind: "timers", timers: found })),
  };
}
