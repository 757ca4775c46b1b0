import { ManualClock } from "../../../common/clock/manual-clock.ts";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../../common/state/descriptors.ts";
import type { KeyedStateHandle } from "../../../protocol/control/snapshots.ts";
import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { storeRequest, type TestStoreOptions } from "./store-request.ts";
import { inMemory } from "./take-snapshot.ts";

/** Keys of several kinds. */
export const KEYS = [1, 2, 3, "a", "b", ["c", 1]];

const collect = {
  createAccumulator: () => ({ n: 0, seen: [] as number[] }),
  add(accumulator: { n: number; seen: number[] }, value: number) {
    accumulator.n += value;
    accumulator.seen.push(value);
    return accumulator;
  },
  getResult: (accumulator: { n: number }) => accumulator.n,
  merge: (a: { n: number; seen: number[] }, b: { n: number; seen: number[] }) => {
    a.n += b.n;
    a.seen.push(...b.seen);
    return a;
  },
};

const ttl = { ttl: 100, cleanupPerAccess: 1 };

/** Made once, so that what is compiled for them is, too. */
const STATES = {
  value: valueState<{ n: number }>(),
  list: listState<number>(),
  map: mapState<unknown, { n: number }>(),
  reduced: reducingState<{ n: number }>((a, b) => ({ n: a.n + b.n })),
  aggregated: aggregatingState(collect),
  timed: valueState<number>(undefined, { ttl }),
  timedList: listState<number>(undefined, { ttl }),
  timedMap: mapState<string, number>(undefined, undefined, { ttl }),
  inWindow: aggregatingState(collect),
  mapInWindow: mapState<string, { n: number }>(),
};

/** Of all stores: few, so that a lot of tests are quick. */
export const EVERYTHING_KEY_GROUPS = 8;

/** All kinds of state in one store, and something in each of them for each key. */
export class Everything {
  readonly store: SnapshotKeyedStore;
  readonly clock: ManualClock;
  readonly value;
  readonly list;
  readonly map;
  readonly reduced;
  readonly aggregated;
  readonly timed;
  readonly timedList;
  readonly timedMap;
  readonly inWindow;
  readonly mapInWindow;
  readonly tables;
  readonly timers;

  constructor(store: SnapshotKeyedStore, clock: ManualClock) {
    this.store = store;
    this.clock = clock;
    this.value = store.getState("value", STATES.value);
    this.list = store.getState("list", STATES.list);
    this.map = store.getState("map", STATES.map);
    this.reduced = store.getState("reduced", STATES.reduced);
    this.aggregated = store.getState("aggregated", STATES.aggregated);
    this.timed = store.getState("timed", STATES.timed);
    this.timedList = store.getState("timedList", STATES.timedList);
    this.timedMap = store.getState("timedMap", STATES.timedMap);
    this.inWindow = store.getNamespacedState("inWindow", STATES.inWindow);
    this.mapInWindow = store.getNamespacedState("mapInWindow", STATES.mapInWindow);
    this.tables = store.getNamespaceTables<{ n: number }>("tables", undefined);
    const target = {
      onEventTime: () =>
        this.value.mutate(
          (v) => v.n++,
          () => ({ n: 0 }),
        ),
      onProcessingTime: () => this.value.clear(),
    };
    this.timers = store.getTimerService("timers", target);
  }

  /** @param restored what the store starts from, before any state is asked for */
  static async make(
    makeBackend: MakeBackend,
    options: TestStoreOptions = {},
    restored: readonly KeyedStateHandle[] = [],
  ): Promise<Everything> {
    const clock = new ManualClock();
    const store = makeBackend().createKeyedStore(
      storeRequest({ maxParallelism: EVERYTHING_KEY_GROUPS, clock, ...options }),
    );
    if (restored.length > 0) await store.restore(restored, inMemory);
    const all = new Everything(store, clock);
    if (restored.length > 0) store.restored();
    return all;
  }

  /** With something everywhere. */
  static filled(makeBackend: MakeBackend): Everything {
    const clock = new ManualClock();
    return new Everything(
      makeBackend().createKeyedStore(storeRequest({ maxParallelism: EVERYTHING_KEY_GROUPS, clock })),
      clock,
    ).fill();
  }

  fill(): this {
    for (const key of KEYS) {
      this.store.setCurrentKey(key);
      this.value.update({ n: 1 });
      this.list.addAll([1, 2]);
      this.map.put("x", { n: 1 });
      this.map.put(["y", 1], { n: 2 });
      this.reduced.add({ n: 1 });
      this.aggregated.add(1);
      this.timed.update(1);
      this.timedList.add(1);
      this.timedMap.put("x", 1);
      for (const window of ["0:10", "10:20"]) {
        this.inWindow.in(window).add(1);
        this.mapInWindow.in(window).put("x", { n: 1 });
      }
      this.tables.getOrCreate(0).put(key, { n: 1 });
      this.tables.getOrCreate(10).put(key, { n: 2 });
      this.timers.registerEventTimeTimer("", 50);
      this.timers.registerEventTimeTimer("w", 60);
      this.timers.registerProcessingTimeTimer("", 70);
    }
    return this;
  }
}

/** Every way to change something of the current key. */
export const CHANGES: Readonly<Record<string, (all: Everything, key: unknown) => void>> = {
  "value.update": ({ value }) => value.update({ n: 100 }),
  "value.mutate": ({ value }) =>
    value.mutate(
      (v) => (v.n = 100),
      () => ({ n: 0 }),
    ),
  "value.clear": ({ value }) => value.clear(),
  "list.add": ({ list }) => list.add(100),
  "list.addAll": ({ list }) => list.addAll([100, 101]),
  "list.update": ({ list }) => list.update([100]),
  "list.clear": ({ list }) => list.clear(),
  "map.put, replacing": ({ map }) => map.put("x", { n: 100 }),
  "map.put, composite": ({ map }) => map.put(["y", 1], { n: 100 }),
  "map.put, new": ({ map }) => map.put("z", { n: 100 }),
  "map.mutate": ({ map }) =>
    map.mutate(
      "x",
      (v) => (v.n = 100),
      () => ({ n: 0 }),
    ),
  "map.mutate, new": ({ map }) =>
    map.mutate(
      "z",
      (v) => (v.n = 100),
      () => ({ n: 0 }),
    ),
  "map.remove": ({ map }) => map.remove("x"),
  "map.remove, composite": ({ map }) => map.remove(["y", 1]),
  "map.remove and put": ({ map }) => {
    map.remove(["y", 1]);
    map.put(["y", 1], { n: 100 });
    map.mutate(
      ["y", 1],
      (v) => v.n++,
      () => ({ n: 0 }),
    );
  },
  "map.clear": ({ map }) => map.clear(),
  "reduced.add": ({ reduced }) => reduced.add({ n: 100 }),
  "reduced.clear": ({ reduced }) => reduced.clear(),
  "aggregated.add": ({ aggregated }) => aggregated.add(100),
  "aggregated.clear": ({ aggregated }) => aggregated.clear(),
  "time to live: writing": ({ timed, timedList, timedMap }) => {
    timed.update(100);
    timedList.add(100);
    timedMap.put("x", 100);
    timedMap.put("y", 100);
  },
  "time to live: expiring": ({ clock, store, timed, timedList, timedMap }, key) => {
    clock.advance(100);
    store.setCurrentKey(key);
    timed.value();
    timedList.get();
    timedMap.get("x");
    for (let i = 0; i < 20; i++) timed.value();
  },
  "namespace: add": ({ inWindow }) => inWindow.in("0:10").add(100),
  "namespace: new one": ({ inWindow }) => inWindow.in("20:30").add(100),
  "namespace: clear": ({ inWindow }) => inWindow.in("0:10").clear(),
  "namespace: merge": ({ inWindow }) => inWindow.merge("0:10", ["10:20"]),
  "namespace: merge into a new one": ({ inWindow }) => inWindow.merge("0:20", ["0:10", "10:20"]),
  "namespace: map.mutate": ({ mapInWindow }) =>
    mapInWindow.in("0:10").mutate(
      "x",
      (v) => v.n++,
      () => ({ n: 0 }),
    ),
  "namespace: map.remove": ({ mapInWindow }) => mapInWindow.in("0:10").remove("x"),
  "table: getForUpdate": ({ tables }, key) => void tables.get(0)!.getForUpdate(key)!.n++,
  "table: put, replacing": ({ tables }, key) => tables.get(0)!.put(key, { n: 100 }),
  "table: put, new": ({ tables }, key) => tables.getOrCreate(20).put(key, { n: 100 }),
  "table: remove": ({ tables }, key) => tables.get(0)!.remove(key),
  "table: remove and put": ({ tables }, key) => {
    tables.get(0)!.remove(key);
    tables.get(0)!.put(key, { n: 100 });
    tables.get(0)!.getForUpdate(key)!.n++;
  },
  "table: drop": ({ tables }) => tables.drop(0),
  "timers: register": ({ timers }) => timers.registerEventTimeTimer("", 1000),
  "timers: delete": ({ timers }) => timers.deleteEventTimeTimer("w", 60),
  "timers: fire": ({ timers }) => void timers.advanceWatermark(50, { blocked: false }),
  "timers: fire, processing time": ({ timers }) => void timers.advanceProcessingTime(70, { blocked: false }),
  "the key goes and comes again": (all) => {
    const {
      value,
      list,
      map,
      reduced,
      aggregated,
      timed,
      timedList,
      timedMap,
      inWindow,
      mapInWindow,
      timers,
    } = all;
    for (const state of [value, list, map, reduced, aggregated, timed, timedList, timedMap]) state.clear();
    for (const window of ["0:10", "10:20"]) {
      inWindow.in(window).clear();
      mapInWindow.in(window).clear();
    }
    timers.deleteEventTimeTimer("", 50);
    timers.deleteEventTimeTimer("w", 60);
    timers.deleteProcessingTimeTimer("", 70);
    value.update({ n: 100 });
    value.mutate(
      (v) => v.n++,
      () => ({ n: 0 }),
    );
  },
  "a new key": ({ store, value, timers }, key) => {
    store.setCurrentKey(`new ${String(key)}`);
    value.update({ n: 100 });
    timers.registerEventTimeTimer("", 10);
  },
};
