import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { keyGroupOf, keyGroupRange } from "../../../common/keys/key-groups.ts";
import { hashKey } from "../../../common/keys/hash-key.ts";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../../common/state/descriptors.ts";
import type { CapturedEntry } from "../captured-state.ts";
import { copyCaptured, materializeCapture } from "../materialize-capture.ts";
import { NO_CUSTOMS } from "../deep-copy.ts";
import type { CapturableKeyedStore, KeyedStateCapture, KeyedStateSnapshot } from "../keyed-capture.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { canonicalSnapshot } from "./canonical-snapshot.ts";
import { storeRequest, type TestStoreOptions } from "./store-request.ts";

const KEYS = [1, 2, 3, "a", "b", ["c", 1]];

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

/** All kinds of state in one store, and something in each of them for each key. */
class Everything {
  readonly store: CapturableKeyedStore;
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

  /** @param restored what the store starts from, before any state is asked for */
  constructor(
    makeBackend: MakeBackend,
    request: TestStoreOptions = {},
    restored: readonly KeyedStateSnapshot[] = [],
  ) {
    const clock = new ManualClock();
    this.clock = clock;
    this.store = makeBackend().createKeyedStore(storeRequest({ ...request, clock }));
    const { store } = this;
    if (restored.length > 0) store.restore(restored);
    const ttl = { ttl: 100, cleanupPerAccess: 1 };
    this.value = store.getState("value", valueState<{ n: number }>());
    this.list = store.getState("list", listState<number>());
    this.map = store.getState("map", mapState<unknown, { n: number }>());
    this.reduced = store.getState(
      "reduced",
      reducingState<{ n: number }>((a, b) => ({ n: a.n + b.n })),
    );
    this.aggregated = store.getState("aggregated", aggregatingState(collect));
    this.timed = store.getState("timed", valueState<number>(undefined, { ttl }));
    this.timedList = store.getState("timedList", listState<number>(undefined, { ttl }));
    this.timedMap = store.getState("timedMap", mapState<string, number>(undefined, undefined, { ttl }));
    this.inWindow = store.getNamespacedState("inWindow", aggregatingState(collect));
    this.mapInWindow = store.getNamespacedState("mapInWindow", mapState<string, { n: number }>());
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
const CHANGES: Readonly<Record<string, (all: Everything, key: unknown) => void>> = {
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

/** Captures that are read while the state changes, and restores. */
export function describeCapture(makeBackend: MakeBackend): void {
  describe("capture", () => {
    /** Reads a capture, calling `between` before each step, as a writer in slices would be interrupted. */
    function readInSteps(capture: KeyedStateCapture, between: () => void): KeyedStateSnapshot {
      between();
      while (!capture.prepare(2)) between();
      const keyGroups = new Map<number, { watermark: number; entries: CapturedEntry[] }>();
      for (let group = capture.keyGroups.start; group < capture.keyGroups.end; group++) {
        const entries: CapturedEntry[] = [];
        for (const entry of capture.read(group)) {
          entries.push({ ...entry, value: copyCaptured(entry.value, NO_CUSTOMS) });
          between();
        }
        keyGroups.set(group, { watermark: capture.watermark(group), entries });
      }
      capture.release();
      return { maxParallelism: capture.maxParallelism, states: capture.states, keyGroups };
    }

    for (const [name, change] of Object.entries(CHANGES)) {
      it(`is not touched by ${name}, whenever it happens`, () => {
        const expected = canonicalSnapshot(
          materializeCapture(new Everything(makeBackend).fill().store.capture()),
        );
        const steps = 40;
        for (let when = 0; when < steps; when += 3) {
          const all = new Everything(makeBackend).fill();
          let step = 0;
          const snapshot = readInSteps(all.store.capture(), () => {
            const key = KEYS[when % KEYS.length];
            if (step++ !== when) return;
            all.store.setCurrentKey(key);
            change(all, key);
          });
          expect(canonicalSnapshot(snapshot)).toEqual(expected);
        }
      });
    }

    it("is not touched by changes to every key between any two steps", () => {
      const expected = canonicalSnapshot(
        materializeCapture(new Everything(makeBackend).fill().store.capture()),
      );
      const changes = Object.values(CHANGES).filter((change) => change !== CHANGES["table: drop"]);
      const all = new Everything(makeBackend).fill();
      let step = 0;
      const snapshot = readInSteps(all.store.capture(), () => {
        const change = changes[step++ % changes.length]!;
        for (const key of KEYS) {
          all.store.setCurrentKey(key);
          if (all.tables.get(0)?.get(key) !== undefined || !change.toString().includes("tables"))
            change(all, key);
        }
      });
      expect(canonicalSnapshot(snapshot)).toEqual(expected);
    });

    it("sees the changes since the one before", () => {
      const all = new Everything(makeBackend).fill();
      materializeCapture(all.store.capture());
      for (const n of [5, 6]) {
        all.store.setCurrentKey("a");
        all.value.mutate(
          (v) => (v.n = n),
          () => ({ n: 0 }),
        );
        all.tables.get(0)!.getForUpdate("a")!.n = n;
        const snapshot = canonicalSnapshot(materializeCapture(all.store.capture()));
        const group = keyGroupOf(hashKey("a"), 128);
        expect(snapshot[`${group} keyed value string a`]).toEqual({ n });
        expect(snapshot[`${group} tables tables[0] string a`]).toEqual({ n });
      }
    });

    it("is one at a time", () => {
      const { store } = new Everything(makeBackend).fill();
      const first = store.capture();
      expect(() => store.capture()).toThrowError(expect.objectContaining({ code: "STATE_MISUSE" }));
      first.release();
      store.capture().release();
    });

    it("files each key under its key group", () => {
      const { store } = new Everything(makeBackend).fill();
      for (const [group, { entries }] of materializeCapture(store.capture()).keyGroups) {
        for (const { key } of entries) expect(keyGroupOf(hashKey(key), 128)).toBe(group);
      }
    });

    it("restores at any parallelism, again and again", () => {
      const original = canonicalSnapshot(
        materializeCapture(new Everything(makeBackend).fill().store.capture()),
      );
      let snapshots = [materializeCapture(new Everything(makeBackend).fill().store.capture())];
      for (const parallelism of [3, 2, 5, 1]) {
        snapshots = Array.from({ length: parallelism }, (_, subtask) => {
          // Whether the program's states are registered before or afterwards makes no difference.
          const first = subtask % 2 === 0;
          const all = new Everything(makeBackend, { parallelism, subtask }, first ? snapshots : []);
          if (!first) all.store.restore(snapshots);
          return materializeCapture(all.store.capture());
        });
        const parts = snapshots.map(canonicalSnapshot);
        expect(Object.assign({}, ...parts)).toEqual(original);
        expect(parts.reduce((size, part) => size + Object.keys(part).length, 0)).toBe(
          Object.keys(original).length,
        );
      }
    });

    it("goes on with restored state as if nothing had happened", () => {
      const before = new Everything(makeBackend).fill();
      const all = new Everything(makeBackend, {}, [materializeCapture(before.store.capture())]);
      all.store.setCurrentKey(["c", 1]);
      all.value.mutate(
        (v) => v.n++,
        () => ({ n: 100 }),
      );
      all.list.add(3);
      all.aggregated.add(5);
      expect([all.value.value(), [...all.list.get()], all.aggregated.get()]).toEqual([
        { n: 2 },
        [1, 2, 3],
        6,
      ]);
      expect(all.map.get(["y", 1])).toEqual({ n: 2 });
      expect([...all.map.keys()]).toEqual(["x", ["y", 1]]);
      expect(all.inWindow.in("10:20").get()).toBe(1);
      expect(all.tables.get(10)!.get(["c", 1])).toEqual({ n: 2 });
      expect([all.timers.eventTimerCount, all.timers.processingTimerCount]).toEqual([12, 6]);
      all.timers.advanceWatermark(50, { blocked: false });
      expect(all.value.value()).toBeDefined();
      expect(all.timers.eventTimerCount).toBe(6);
      // The first store is another one.
      before.store.setCurrentKey(["c", 1]);
      expect([before.value.value(), [...before.list.get()]]).toEqual([{ n: 1 }, [1, 2]]);
    });

    it("restores before states are asked for, carries on those that nobody asks for, and refuses other kinds", () => {
      const snapshot = materializeCapture(new Everything(makeBackend).fill().store.capture());
      const backend = makeBackend();
      const store = backend.createKeyedStore(storeRequest());
      store.restore([snapshot]);
      const misuse = expect.objectContaining({ code: "STATE_MISUSE" });
      expect(() => store.getState("value", listState())).toThrowError(misuse);
      const value = store.getState("value", valueState<{ n: number }>());
      store.setCurrentKey("b");
      expect(value.value()).toEqual({ n: 1 });
      expect(canonicalSnapshot(materializeCapture(store.capture()))).toEqual(canonicalSnapshot(snapshot));
    });

    it("refuses a snapshot of another maximum parallelism", () => {
      const snapshot = materializeCapture(new Everything(makeBackend).store.capture());
      const store = makeBackend().createKeyedStore(storeRequest({ maxParallelism: 256 }));
      expect(() => store.restore([snapshot])).toThrowError(expect.objectContaining({ code: "STATE_MISUSE" }));
    });

    it("keeps the watermark by key group", () => {
      const snapshots = [0, 1].map((subtask) => {
        const { store } = new Everything(makeBackend, { parallelism: 2, subtask });
        expect(store.restoredWatermark(store.keyGroups.start)).toBe(-Infinity);
        store.setWatermark(100 + subtask);
        return materializeCapture(store.capture());
      });
      const { store } = new Everything(makeBackend);
      store.restore(snapshots);
      const second = keyGroupRange(128, 2, 1).start;
      expect([store.restoredWatermark(0), store.restoredWatermark(second)]).toEqual([100, 101]);
      // A watermark that has not caught up yet does not take it back.
      store.setWatermark(100.5);
      const { keyGroups } = materializeCapture(store.capture());
      expect([keyGroups.get(0)!.watermark, keyGroups.get(second)!.watermark]).toEqual([100.5, 101]);
    });
  });
}
