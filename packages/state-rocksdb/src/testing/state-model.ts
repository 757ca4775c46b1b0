import { aggregatingState, listState, mapState, reducingState, valueState } from "millrace";
import type { SnapshotKeyedStore } from "millrace/internal/state-backend";

/** The keys that are used, of all kinds. */
export const KEYS: readonly unknown[] = [
  0,
  1,
  -5,
  2 ** 40,
  "a",
  "b\u0000",
  "\u4e16",
  ["c", 1],
  { d: 1, e: null },
  7n,
  true,
];
const WINDOWS = ["w1", "w2", "w3"];
const TABLES = [0, 10, -Infinity];

/** What an operation is told. */
export interface Step {
  /** Index of the key. */
  readonly key: number;
  /** Index of the operation. */
  readonly operation: number;
  readonly arg: number;
}

/** What one key has, as plainly as can be. */
interface Cell {
  value: { n: number } | undefined;
  list: number[];
  map: Map<string | number, { n: number }>;
  reduced: number | undefined;
  windows: Map<string, number>;
  lists: Map<string, number[]>;
  tables: Map<number, { n: number }>;
  timers: Map<string, { time: number; namespace: string }>;
}

/** A model of all that a store holds. */
export class StateModel {
  readonly cells = new Map<number, Cell>();

  cell(key: number): Cell {
    let cell = this.cells.get(key);
    if (cell === undefined) {
      cell = {
        value: undefined,
        list: [],
        map: new Map(),
        reduced: undefined,
        windows: new Map(),
        lists: new Map(),
        tables: new Map(),
        timers: new Map(),
      };
      this.cells.set(key, cell);
    }
    return cell;
  }

  copy(): StateModel {
    const copy = new StateModel();
    for (const [key, cell] of this.cells) copy.cells.set(key, structuredClone(cell));
    return copy;
  }
}

/** The states of a store. */
export class Subject {
  readonly store: SnapshotKeyedStore;
  readonly fired: string[] = [];
  readonly value;
  readonly list;
  readonly map;
  readonly reduced;
  readonly windows;
  readonly lists;
  readonly tables;
  readonly timers;

  constructor(store: SnapshotKeyedStore) {
    this.store = store;
    this.value = store.getState("value", valueState<{ n: number }>());
    this.list = store.getState("list", listState<number>());
    this.map = store.getState("map", mapState<string | number, { n: number }>());
    this.reduced = store.getState(
      "reduced",
      reducingState<number>((a, b) => a + b),
    );
    this.windows = store.getNamespacedState(
      "windows",
      aggregatingState({
        createAccumulator: () => ({ sum: 0 }),
        add(sum: { sum: number }, n: number) {
          sum.sum += n;
          return sum;
        },
        getResult: ({ sum }) => sum,
        merge: (a, b) => ({ sum: a.sum + b.sum }),
      }),
    );
    this.lists = store.getNamespacedState("lists", listState<number>());
    this.tables = store.getNamespaceTables<{ n: number }>("tables", undefined);
    this.timers = store.getTimerService("timers", {
      onEventTime: (time, key, namespace) => void this.fired.push(timerText(time, key, namespace)),
      onProcessingTime() {},
    });
  }

  apply({ key, operation, arg }: Step, model: StateModel): void {
    this.store.setCurrentKey(KEYS[key]);
    OPERATIONS[operation % OPERATIONS.length]!(this, model.cell(key), arg, KEYS[key]);
  }

  /** What the store holds for a key, to be compared with `expected`. */
  read(key: number): unknown {
    this.store.setCurrentKey(KEYS[key]);
    return {
      value: this.value.value(),
      list: [...this.list.get()],
      map: [...this.map.entries()],
      size: this.map.size,
      reduced: this.reduced.get(),
      windows: WINDOWS.map((window) => this.windows.in(window).get()),
      lists: WINDOWS.map((window) => [...this.lists.in(window).get()]),
      tables: TABLES.map((namespace) => this.tables.get(namespace)?.get(KEYS[key])),
    };
  }

  /** All entries of the tables, by scans. */
  scans(): unknown {
    return TABLES.map((namespace) => {
      const seen: string[] = [];
      const table = this.tables.get(namespace);
      if (table !== undefined) {
        for (const scan = table.scan(); scan.next();) seen.push(`${textOf(scan.key)} ${scan.value.n}`);
      }
      return seen.sort();
    });
  }
}

/** What `read` is expected to give. */
export function expected(model: StateModel, key: number): unknown {
  const cell = model.cell(key);
  return {
    value: cell.value,
    list: cell.list,
    map: [...cell.map],
    size: cell.map.size,
    reduced: cell.reduced,
    windows: WINDOWS.map((window) => cell.windows.get(window)),
    lists: WINDOWS.map((window) => cell.lists.get(window) ?? []),
    tables: TABLES.map((namespace) => cell.tables.get(namespace)),
  };
}

/** What the scans of all stores together are expected to give. */
export function expectedScans(model: StateModel): unknown {
  return TABLES.map((namespace) =>
    [...model.cells]
      .flatMap(([key, { tables }]) => {
        const value = tables.get(namespace);
        return value === undefined ? [] : [`${textOf(KEYS[key])} ${value.n}`];
      })
      .sort(),
  );
}

/** The timers of a model, as they fire. */
export function expectedTimers(model: StateModel): string[] {
  return [...model.cells]
    .flatMap(([key, { timers }]) =>
      [...timers.values()].map(({ time, namespace }) => timerText(time, KEYS[key], namespace)),
    )
    .sort();
}

function timerText(time: number, key: unknown, namespace: string): string {
  return `${String(time).padStart(5)} ${textOf(key)} ${namespace}`;
}

function textOf(key: unknown): string {
  return typeof key === "bigint" ? `${key}n` : JSON.stringify(key);
}

type Operation = (subject: Subject, cell: Cell, arg: number, key: unknown) => void;

const OPERATIONS: readonly Operation[] = [
  ({ value }, cell, n) => {
    value.update({ n });
    cell.value = { n };
  },
  ({ value }, cell, n) => {
    value.mutate(
      (v) => (v.n += n),
      () => ({ n: 1 }),
    );
    cell.value = { n: (cell.value?.n ?? 1) + n };
  },
  ({ value }, cell) => {
    value.clear();
    cell.value = undefined;
  },
  ({ list }, cell, n) => {
    list.add(n);
    cell.list.push(n);
  },
  ({ list }, cell, n) => {
    list.addAll([n, n + 1, n + 2]);
    cell.list.push(n, n + 1, n + 2);
  },
  ({ list }, cell, n) => {
    list.update([n, n + 1]);
    cell.list = [n, n + 1];
  },
  ({ list }, cell) => {
    list.clear();
    cell.list = [];
  },
  ({ map }, cell, n) => {
    const key = n % 3 === 0 ? `k${n % 4}` : n % 4;
    map.put(key, { n });
    cell.map.set(key, { n });
  },
  ({ map }, cell, n) => {
    map.mutate(
      n % 4,
      (v) => (v.n += n),
      () => ({ n: 1 }),
    );
    cell.map.set(n % 4, { n: (cell.map.get(n % 4)?.n ?? 1) + n });
  },
  ({ map }, cell, n) => {
    map.remove(n % 4);
    cell.map.delete(n % 4);
  },
  ({ map }, cell) => {
    map.clear();
    cell.map.clear();
  },
  ({ reduced }, cell, n) => {
    reduced.add(n);
    cell.reduced = (cell.reduced ?? 0) + n;
  },
  ({ windows }, cell, n) => {
    const window = WINDOWS[n % 3]!;
    windows.in(window).add(n);
    cell.windows.set(window, (cell.windows.get(window) ?? 0) + n);
  },
  ({ windows }, cell, n) => {
    windows.in(WINDOWS[n % 3]!).clear();
    cell.windows.delete(WINDOWS[n % 3]!);
  },
  ({ windows }, cell) => {
    windows.merge("w1", ["w2", "w3"]);
    const parts = WINDOWS.flatMap((window) => cell.windows.get(window) ?? []);
    cell.windows.clear();
    if (parts.length > 0)
      cell.windows.set(
        "w1",
        parts.reduce((a, b) => a + b),
      );
  },
  ({ lists }, cell, n) => {
    const window = WINDOWS[n % 3]!;
    lists.in(window).add(n);
    cell.lists.set(window, [...(cell.lists.get(window) ?? []), n]);
  },
  ({ lists }, cell) => {
    lists.merge("w2", ["w1", "w2"]);
    cell.lists.set("w2", [...(cell.lists.get("w2") ?? []), ...(cell.lists.get("w1") ?? [])]);
    cell.lists.delete("w1");
  },
  ({ tables }, cell, n, key) => {
    const namespace = TABLES[n % 3]!;
    tables.getOrCreate(namespace).put(key, { n });
    cell.tables.set(namespace, { n });
  },
  ({ tables }, cell, n, key) => {
    const value = tables.get(TABLES[n % 3]!)?.getForUpdate(key);
    if (value === undefined) return;
    value.n += n;
    cell.tables.get(TABLES[n % 3]!)!.n += n;
  },
  ({ tables }, cell, n, key) => {
    tables.get(TABLES[n % 3]!)?.remove(key);
    cell.tables.delete(TABLES[n % 3]!);
  },
  ({ timers }, cell, n) => {
    const namespace = n % 2 === 0 ? "" : "x";
    timers.registerEventTimeTimer(namespace, n * 10);
    cell.timers.set(`${n}${namespace}`, { time: n * 10, namespace });
  },
  ({ timers }, cell, n) => {
    const namespace = n % 2 === 0 ? "" : "x";
    timers.deleteEventTimeTimer(namespace, n * 10);
    cell.timers.delete(`${n}${namespace}`);
  },
];

/** How many operations there are. */
export const OPERATION_COUNT = OPERATIONS.length;

/** Drops one table, in the store and in its model. */
export function dropTable(subject: Subject, model: StateModel, which: number): void {
  const namespace = TABLES[which % 3]!;
  subject.tables.drop(namespace);
  for (const cell of model.cells.values()) cell.tables.delete(namespace);
}
