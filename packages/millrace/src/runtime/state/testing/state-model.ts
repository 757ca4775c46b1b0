import type { ManualClock } from "../../../common/clock/manual-clock.ts";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../../common/state/descriptors.ts";
import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from "../../../common/state/state.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import { Types } from "../../../common/types/types.ts";
import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";
import type { NamespaceTables } from "../namespace-tables.ts";
import type { InternalTimerService } from "../timers.ts";

/** "" is state without a namespace. Tables and timers take the namespace by its position. */
export const NAMESPACES = ["", "w1", "w2"] as const;
export type Namespace = (typeof NAMESPACES)[number];
/** Time to live of the timed states, ms. */
const TTL = 20;

interface Timed<T> {
  readonly value: T;
  readonly time: Timestamp;
}

/** What one key holds in one namespace, as plainly as can be. */
export interface Cell {
  value: { n: number } | undefined;
  list: number[];
  map: Map<number, { n: number }>;
  reduced: number | undefined;
  aggregated: { n: number; last: number } | undefined;
  timed: Timed<number> | undefined;
  timedList: Timed<number>[];
  timedMap: Map<number, Timed<number>>;
  inTable: { n: number } | undefined;
  timers: Set<Timestamp>;
}

const emptyCell = (): Cell => ({
  value: undefined,
  list: [],
  map: new Map(),
  reduced: undefined,
  aggregated: undefined,
  timed: undefined,
  timedList: [],
  timedMap: new Map(),
  inTable: undefined,
  timers: new Set(),
});

/** What can be read of a cell at a time. */
function readable(
  cell: Cell,
  now: Timestamp,
): Omit<Cell, "timed" | "timedList" | "timedMap" | "timers"> & object {
  const alive = ({ time }: Timed<unknown>): boolean => time + TTL > now;
  const { timed, timedList, timedMap, timers: _, ...others } = cell;
  return {
    ...others,
    timed: timed !== undefined && alive(timed) ? timed.value : undefined,
    timedList: timedList.filter(alive).map(({ value }) => value),
    timedMap: new Map(
      [...timedMap].filter(([, each]) => alive(each)).map(([key, { value }]) => [key, value]),
    ),
  } as ReturnType<typeof readable>;
}

/** The model of all keys and namespaces. */
export class StateModel {
  readonly #cells = new Map<string, { readonly key: unknown; readonly namespace: Namespace; cell: Cell }>();

  cell(key: unknown, namespace: Namespace): Cell {
    const name = `${JSON.stringify(key)} ${namespace}`;
    let found = this.#cells.get(name);
    if (found === undefined) {
      found = { key, namespace, cell: emptyCell() };
      this.#cells.set(name, found);
    }
    return found.cell;
  }

  readable(key: unknown, namespace: Namespace, now: Timestamp): object {
    return readable(this.cell(key, namespace), now);
  }

  dropTable(namespace: Namespace): void {
    for (const { namespace: own, cell } of this.#cells.values())
      if (own === namespace) cell.inTable = undefined;
  }

  /** All timers, as `fired` of a subject tells them. */
  timers(): string[] {
    return [...this.#cells.values()]
      .flatMap(({ key, namespace, cell }) =>
        [...cell.timers].map((time) => JSON.stringify([time, key, namespace])),
      )
      .sort();
  }

  copy(): StateModel {
    const copy = new StateModel();
    for (const [name, { key, namespace, cell }] of this.#cells)
      copy.#cells.set(name, { key, namespace, cell: structuredClone(cell) });
    return copy;
  }
}

interface Handles {
  readonly value: ValueState<{ n: number }>;
  readonly list: ListState<number>;
  readonly map: MapState<number, { n: number }>;
  readonly reduced: ReducingState<number>;
  readonly aggregated: AggregatingState<number, { n: number; last: number }>;
  readonly timed: ValueState<number>;
  readonly timedList: ListState<number>;
  readonly timedMap: MapState<number, number>;
}

const ttl = { ttl: TTL, cleanupPerAccess: 1 };
const DESCRIPTORS = {
  value: valueState<{ n: number }>(),
  list: listState<number>(),
  map: mapState<number, { n: number }>(),
  reduced: reducingState<number>((a, b) => a + b, Types.int),
  aggregated: aggregatingState({
    createAccumulator: () => ({ n: 0, last: 0 }),
    add(accumulator: { n: number; last: number }, value: number) {
      accumulator.n++;
      accumulator.last = value;
      return accumulator;
    },
    getResult: ({ n, last }) => ({ n, last }),
  }),
  timed: valueState<number>(undefined, { ttl }),
  timedList: listState<number>(undefined, { ttl }),
  timedMap: mapState<number, number>(undefined, undefined, { ttl }),
};

/** What an operation works on. */
export interface Operand {
  readonly handles: Handles;
  readonly subject: StateSubject;
  readonly cell: Cell;
  readonly key: unknown;
  readonly namespace: Namespace;
  readonly n: number;
  readonly now: Timestamp;
}

/** Everything that can be done to a key in a namespace, to the state and to its model. */
export const OPERATIONS: readonly ((operand: Operand) => void)[] = [
  ({ handles: { value }, cell, n }) => {
    value.update({ n });
    cell.value = { n };
  },
  ({ handles: { value }, cell, n }) => {
    value.mutate(
      (v) => (v.n += n),
      () => ({ n: 1 }),
    );
    cell.value = { n: (cell.value?.n ?? 1) + n };
  },
  ({ handles: { value }, cell }) => {
    value.clear();
    cell.value = undefined;
  },
  ({ handles: { list }, cell, n }) => {
    list.add(n);
    cell.list.push(n);
  },
  ({ handles: { list }, cell, n }) => {
    list.update([n, n + 1]);
    cell.list = [n, n + 1];
  },
  ({ handles: { list }, cell }) => {
    list.clear();
    cell.list = [];
  },
  ({ handles: { map }, cell, n }) => {
    map.put(n % 4, { n });
    cell.map.set(n % 4, { n });
  },
  ({ handles: { map }, cell, n }) => {
    map.mutate(
      n % 4,
      (v) => (v.n += n),
      () => ({ n: 1 }),
    );
    cell.map.set(n % 4, { n: (cell.map.get(n % 4)?.n ?? 1) + n });
  },
  ({ handles: { map }, cell, n }) => {
    map.remove(n % 4);
    cell.map.delete(n % 4);
  },
  ({ handles: { map }, cell }) => {
    map.clear();
    cell.map = new Map();
  },
  ({ handles: { reduced }, cell, n }) => {
    reduced.add(n);
    cell.reduced = (cell.reduced ?? 0) + n;
  },
  ({ handles: { reduced }, cell }) => {
    reduced.clear();
    cell.reduced = undefined;
  },
  ({ handles: { aggregated }, cell, n }) => {
    aggregated.add(n);
    cell.aggregated = { n: (cell.aggregated?.n ?? 0) + 1, last: n };
  },
  ({ handles: { aggregated }, cell }) => {
    aggregated.clear();
    cell.aggregated = undefined;
  },
  ({ handles: { timed }, cell, n, now }) => {
    timed.update(n);
    cell.timed = { value: n, time: now };
  },
  ({ handles: { timedList }, cell, n, now }) => {
    timedList.add(n);
    cell.timedList.push({ value: n, time: now });
  },
  ({ handles: { timedMap }, cell, n, now }) => {
    timedMap.put(n % 4, n);
    cell.timedMap.set(n % 4, { value: n, time: now });
  },
  ({ handles: { timedMap }, cell, n }) => {
    timedMap.remove(n % 4);
    cell.timedMap.delete(n % 4);
  },
  ({ subject, key, namespace, cell, n }) => {
    subject.tables.getOrCreate(tableOf(namespace)).put(key, { n });
    cell.inTable = { n };
  },
  ({ subject, key, namespace, cell, n }) => {
    const value = subject.tables.get(tableOf(namespace))?.getForUpdate(key);
    if (value !== undefined) value.n += n;
    if (cell.inTable !== undefined) cell.inTable.n += n;
  },
  ({ subject, key, namespace, cell }) => {
    subject.tables.get(tableOf(namespace))?.remove(key);
    cell.inTable = undefined;
  },
  ({ subject, namespace, cell, n }) => {
    subject.timers.registerEventTimeTimer(namespace, n % 7);
    cell.timers.add(n % 7);
  },
  ({ subject, namespace, cell, n }) => {
    subject.timers.deleteEventTimeTimer(namespace, n % 7);
    cell.timers.delete(n % 7);
  },
];

/** The number of a table. */
export function tableOf(namespace: Namespace): number {
  return NAMESPACES.indexOf(namespace);
}

/** The states of a store: without namespace, in namespaces, tables and timers. */
export class StateSubject {
  readonly store: SnapshotKeyedStore;
  readonly clock: ManualClock;
  readonly tables: NamespaceTables<{ n: number }>;
  readonly timers: InternalTimerService;
  readonly #handles: Handles;
  readonly #namespaced;
  readonly #fired: string[] = [];

  constructor(store: SnapshotKeyedStore, clock: ManualClock) {
    this.store = store;
    this.clock = clock;
    const { value, list, map, reduced, aggregated, timed, timedList, timedMap } = DESCRIPTORS;
    this.#handles = {
      value: store.getState("value", value),
      list: store.getState("list", list),
      map: store.getState("map", map),
      reduced: store.getState("reduced", reduced),
      aggregated: store.getState("aggregated", aggregated),
      timed: store.getState("timed", timed),
      timedList: store.getState("timedList", timedList),
      timedMap: store.getState("timedMap", timedMap),
    };
    this.#namespaced = {
      value: store.getNamespacedState("nsValue", value),
      list: store.getNamespacedState("nsList", list),
      map: store.getNamespacedState("nsMap", map),
      reduced: store.getNamespacedState("nsReduced", reduced),
      aggregated: store.getNamespacedState("nsAggregated", aggregated),
      timed: store.getNamespacedState("nsTimed", timed),
      timedList: store.getNamespacedState("nsTimedList", timedList),
      timedMap: store.getNamespacedState("nsTimedMap", timedMap),
    };
    this.tables = store.getNamespaceTables("tables", undefined);
    this.timers = store.getTimerService("timers", {
      onEventTime: (time, key, namespace) => this.#fired.push(JSON.stringify([time, key, namespace])),
      onProcessingTime() {},
    });
  }

  handles(key: unknown, namespace: Namespace): Handles {
    this.store.setCurrentKey(key);
    if (namespace === "") return this.#handles;
    const { value, list, map, reduced, aggregated, timed, timedList, timedMap } = this.#namespaced;
    return {
      value: value.in(namespace),
      list: list.in(namespace),
      map: map.in(namespace),
      reduced: reduced.in(namespace),
      aggregated: aggregated.in(namespace),
      timed: timed.in(namespace),
      timedList: timedList.in(namespace),
      timedMap: timedMap.in(namespace),
    };
  }

  /** What `StateModel.readable` tells of the same key. */
  read(key: unknown, namespace: Namespace): object {
    const handles = this.handles(key, namespace);
    return {
      value: handles.value.value(),
      list: [...handles.list.get()],
      map: new Map(handles.map.entries()),
      reduced: handles.reduced.get(),
      aggregated: handles.aggregated.get(),
      inTable: this.tables.get(tableOf(namespace))?.get(key),
      timed: handles.timed.value(),
      timedList: [...handles.timedList.get()],
      timedMap: new Map(handles.timedMap.entries()),
    };
  }

  /** Fires all timers, and tells which. */
  fireAll(): string[] {
    this.timers.advanceWatermark(Infinity, { blocked: false });
    return this.#fired.splice(0);
  }
}
