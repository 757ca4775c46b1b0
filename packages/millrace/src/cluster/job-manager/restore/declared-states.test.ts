import { describe, expect, it } from "vitest";
import type { DataStream } from "../../../api/streams/streams.ts";
import { graphOf, operatorOf, type Flight } from "../../../api/streams/testing/recorded-graph.ts";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { operatorUid } from "../../../common/ids/ids.ts";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../../common/state/descriptors.ts";
import type { StateDescriptor } from "../../../common/state/state.ts";
import type { TypeInfo } from "../../../common/types/type-info.ts";
import { Types } from "../../../common/types/types.ts";
import { CountEvictor } from "../../../common/windows/count-evictor.ts";
import { CountTrigger } from "../../../common/windows/count-trigger.ts";
import { GlobalWindows } from "../../../common/windows/global-windows.ts";
import { EventTimeSessionWindows } from "../../../common/windows/session-windows.ts";
import { SlidingEventTimeWindows } from "../../../common/windows/sliding-windows.ts";
import { TumblingEventTimeWindows } from "../../../common/windows/tumbling-windows.ts";
import type { StreamNode } from "../../../graph/stream/stream-graph.ts";
import type { StateHeader } from "../../../runtime/checkpoint/format/keyed-part.ts";
import { createOperator } from "../../../runtime/operators/create-operator.ts";
import { WindowHarness } from "../../../runtime/operators/window/testing/window-harness.ts";
import { HashMapStateBackend } from "../../../runtime/state/heap/hash-map-state-backend.ts";
import type { KeyedStateStore } from "../../../runtime/state/keyed-state.ts";
import type { OperatorStateStore } from "../../../runtime/state/operator-state.ts";
import { declaredStates } from "./declared-states.ts";
import { describedOperatorState, describedState, ownState } from "./state-header.ts";
import type { StoredOperatorState } from "./stored-states.ts";

/** Runs an operator up to its first record, and keeps the states that it asks its stores for. */
function statesInUse({ spec }: StreamNode): { keyed: StateHeader[]; operator: StoredOperatorState[] } {
  const keyed: StateHeader[] = [];
  const operator: StoredOperatorState[] = [];
  const request = {
    operator: operatorUid("op"),
    operatorName: "op",
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 4,
    keyGroups: { start: 0, end: 4 },
    clock: new ManualClock(),
    freeze: true,
  };
  const backend = new HashMapStateBackend();
  const store = watched(backend.createKeyedStore(request), {
    getState: (name: string, of: StateDescriptor) => keyed.push(describedState(name, "keyed", of)),
    getNamespacedState: (name: string, of: StateDescriptor) =>
      keyed.push(describedState(name, "namespaced", of)),
    getNamespaceTables: (name: string, type: TypeInfo<unknown> | undefined) =>
      keyed.push(ownState(name, "tables", undefined, type)),
  });
  const operatorState = watched(backend.createOperatorStore(request), {
    getListState: (name: string, of: StateDescriptor) =>
      operator.push(describedOperatorState(name, "split", of)),
    getBroadcastState: (name: string, of: StateDescriptor) =>
      operator.push(describedOperatorState(name, "broadcast", of)),
  });
  void new WindowHarness((context) => createOperator(spec, context), { store, operatorState });
  return { keyed, operator };
}

/** The store, which tells of calls to some of its methods. */
function watched<S extends KeyedStateStore | OperatorStateStore>(
  store: S,
  calls: Readonly<Record<string, (...args: never[]) => unknown>>,
): S {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: never[]): unknown => {
        calls[String(name)]?.(...args);
        return Reflect.apply(value as (...args: never[]) => unknown, target, args);
      };
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

const origin = (flight: Flight): string => flight.origin;
const later = (a: Flight, b: Flight): Flight => (a.at > b.at ? a : b);
const hour = TumblingEventTimeWindows.of(3_600_000);
const sliding = SlidingEventTimeWindows.of(60_000, 20_000);
const sessions = EventTimeSessionWindows.withGap(1000);

type Program = (flights: DataStream<Flight>) => DataStream<unknown>;
const keyed = (flights: DataStream<Flight>) => flights.keyBy(origin);
const windowFunction = {
  state: { seen: valueState(Types.int) },
  onWindow: () => undefined,
};

const PROGRAMS: Readonly<Record<string, Program>> = {
  map: (flights) => flights.map((f) => f.delay),
  filter: (flights) => flights.filter((f) => f.delay > 0),
  flatMap: (flights) => flights.flatMap((f) => [f]),
  process: (flights) => flights.process({ onRecord: () => undefined }),
  "process by key": (flights) =>
    keyed(flights).process({
      state: {
        count: valueState(Types.int),
        recent: listState(Types.double, { ttl: { ttl: 1000 } }),
        untyped: listState(),
        by: mapState(Types.string, Types.timestamp),
        highest: reducingState((a: number, b: number) => Math.max(a, b), Types.int),
        mean: aggregatingState({
          createAccumulator: () => 0,
          add: (a: number, b: number) => a + b,
          getResult: (a: number) => a,
          accumulatorType: Types.double,
        }),
      },
      onRecord: () => undefined,
    }),
  reduce: (flights) => keyed(flights).reduce(later),
  aggregate: (flights) =>
    keyed(flights).aggregate((a) => ({ flights: a.count(), delay: a.avg((f) => f.delay), last: a.last() })),
  "tumbling aggregate": (flights) =>
    keyed(flights)
      .window(hour)
      .aggregate((a) => ({ n: a.count() })),
  "tumbling reduce": (flights) => keyed(flights).window(hour).reduce(later),
  "tumbling process": (flights) => keyed(flights).window(hour).process(windowFunction),
  "sliding slices": (flights) =>
    keyed(flights)
      .window(sliding)
      .aggregate((a) => ({ n: a.count() })),
  "sliding process": (flights) => keyed(flights).window(sliding).process(windowFunction),
  "session aggregate": (flights) =>
    keyed(flights)
      .window(sessions)
      .aggregate((a) => ({ n: a.count() })),
  "session process": (flights) => keyed(flights).window(sessions).process(windowFunction),
  "session with trigger": (flights) =>
    keyed(flights).window(sessions).trigger(CountTrigger.of(3)).process(windowFunction),
  "global reduce": (flights) =>
    keyed(flights).window(GlobalWindows.create()).trigger(CountTrigger.of(3)).reduce(later),
  "global aggregate": (flights) =>
    keyed(flights)
      .window(GlobalWindows.create())
      .trigger(CountTrigger.of(3))
      .aggregate((a) => a.count()),
  "evicting process": (flights) =>
    keyed(flights).window(hour).evictor(CountEvictor.of(3)).process(windowFunction),
  "evicting aggregate": (flights) =>
    keyed(flights)
      .window(hour)
      .evictor(CountEvictor.of(3))
      .aggregate((a) => a.count()),
  "interval join": (flights) =>
    keyed(flights)
      .intervalJoin(keyed(flights))
      .between(-1000, 1000)
      .process((a, b) => [a, b]),
  "async map": (flights) => flights.asyncMap(async (f) => f.delay),
  "keyed async map": (flights) => flights.keyBy((f) => f.origin).asyncMap(async (f) => f.delay),
  "broadcast process": (flights) =>
    flights
      .connect(flights.broadcast({ rules: mapState(Types.string, Types.int) }))
      .process({ onRecord: () => undefined, onBroadcast: () => undefined }),
  "broadcast process by key": (flights) =>
    keyed(flights)
      .connect(flights.broadcast({ rules: mapState(Types.string, Types.int) }))
      .process({
        state: { count: valueState(Types.int) },
        onRecord: () => undefined,
        onBroadcast: () => undefined,
      }),
  "co-process by key": (flights) =>
    keyed(flights)
      .connect(keyed(flights))
      .process({
        state: { count: valueState(Types.int) },
        onRecord1: () => undefined,
        onRecord2: () => undefined,
      }),
};

const byName = <T extends { readonly name: string }>(states: readonly T[]): T[] =>
  states.toSorted((a, b) => (a.name < b.name ? -1 : 1));

describe("declaredStates", () => {
  it.each(Object.entries(PROGRAMS))("tells the states that the operator then asks for: %s", (_, program) => {
    const node = operatorOf(program);
    const declared = declaredStates(node.spec);
    const used = statesInUse(node);
    expect(byName(declared.keyed)).toEqual(byName(used.keyed));
    expect(byName(declared.operator)).toEqual(byName(used.operator));
  });

  it("knows of what it can't know", () => {
    const more = (program: Program): boolean => declaredStates(operatorOf(program).spec).more;
    expect(more((flights) => keyed(flights).process({ onRecord: () => undefined }))).toBe(false);
    expect(
      more((flights) => keyed(flights).process({ open: () => undefined, onRecord: () => undefined })),
    ).toBe(true);
    expect(
      more((flights) => flights.process({ initializeState: () => undefined, onRecord: () => undefined })),
    ).toBe(true);
    expect(more((flights) => flights.map((f) => f))).toBe(false);
    expect(more((flights) => flights.map({ open: () => undefined, map: (f: Flight) => f }))).toBe(true);
    expect(more(PROGRAMS["tumbling process"]!)).toBe(false);
    expect(more(PROGRAMS["session with trigger"]!)).toBe(true);
    const sink = graphOf((flights) => flights).nodes.at(-1)!;
    expect(declaredStates(sink.spec)).toMatchObject({ keyed: [], operator: [], more: true });
  });
});
