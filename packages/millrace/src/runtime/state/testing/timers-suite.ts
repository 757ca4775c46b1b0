import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { valueState } from "../../../common/state/descriptors.ts";
import type { Flow } from "../../operators/flow.ts";
import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";
import type { InternalTimerService, TimerTarget } from "../timers.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { storeRequest } from "./store-request.ts";

const OPEN: Flow = { blocked: false };

type Fired = readonly [domain: "event" | "processing", time: number, key: unknown, namespace: string];

/** Records what fires, and does what the test wants. */
class Recorder implements TimerTarget {
  readonly fired: Fired[] = [];
  react: (fired: Fired) => void = () => {};

  onEventTime(time: number, key: unknown, namespace: string): void {
    this.#record(["event", time, key, namespace]);
  }

  onProcessingTime(time: number, key: unknown, namespace: string): void {
    this.#record(["processing", time, key, namespace]);
  }

  take(): Fired[] {
    return this.fired.splice(0);
  }

  #record(fired: Fired): void {
    this.fired.push(fired);
    this.react(fired);
  }
}

/** Timers of both domains. */
export function describeTimers(makeBackend: MakeBackend, runs: number): void {
  describe("timers", () => {
    function setUp(): {
      store: SnapshotKeyedStore;
      timers: InternalTimerService;
      recorder: Recorder;
      clock: ManualClock;
      register: (key: unknown, time: number, namespace?: string) => void;
    } {
      const clock = new ManualClock(1000);
      const store = makeBackend().createKeyedStore(storeRequest({ clock }));
      const recorder = new Recorder();
      const timers = store.getTimerService("timers", recorder);
      const register = (key: unknown, time: number, namespace = ""): void => {
        store.setCurrentKey(key);
        timers.registerEventTimeTimer(namespace, time);
      };
      return { store, timers, recorder, clock, register };
    }

    it("fires in order of time, then of registration, each once, with its key current", () => {
      const { store, timers, recorder, register } = setUp();
      recorder.react = ([, , key]) => expect(store.currentKey()).toBe(key);
      register("b", 20);
      register("a", 10);
      register("c", 10);
      register("a", 10);
      register("a", 10, "w");
      register("b", 5);
      expect(timers.eventTimerCount).toBe(5);
      expect(timers.advanceWatermark(9, OPEN)).toBe(true);
      expect(recorder.take()).toEqual([["event", 5, "b", ""]]);
      timers.advanceWatermark(20, OPEN);
      expect(recorder.take()).toEqual([
        ["event", 10, "a", ""],
        ["event", 10, "c", ""],
        ["event", 10, "a", "w"],
        ["event", 20, "b", ""],
      ]);
      expect(timers.eventTimerCount).toBe(0);
      expect(store.keyCount).toBe(0);
      expect(timers.currentWatermark()).toBe(20);
    });

    it("agrees with a sorted list under any registrations, deletions and advances", () => {
      const step = fc.record({
        kind: fc.constantFrom("register", "register", "register", "delete", "advance"),
        key: fc.integer({ min: 0, max: 3 }),
        time: fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 0, max: 30 }) },
          { weight: 3, arbitrary: fc.integer({ min: -5000, max: 5000 }) },
          { weight: 1, arbitrary: fc.constantFrom(-Infinity, 0.5, 1e15) },
        ),
        namespace: fc.constantFrom("", "x", "y"),
      });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
          const { store, timers, recorder } = setUp();
          let oracle: { key: number; time: number; namespace: string }[] = [];
          for (const { kind, key, time, namespace } of steps) {
            const same = (t: { key: number; time: number; namespace: string }): boolean =>
              t.key === key && t.time === time && t.namespace === namespace;
            let due: typeof oracle = [];
            store.setCurrentKey(key);
            if (kind === "register") {
              timers.registerEventTimeTimer(namespace, time);
              if (!oracle.some(same)) oracle.push({ key, time, namespace });
            } else if (kind === "delete") {
              timers.deleteEventTimeTimer(namespace, time);
              oracle = oracle.filter((t) => !same(t));
            } else {
              timers.advanceWatermark(time, OPEN);
              due = oracle.filter((t) => t.time <= time).sort((a, b) => a.time - b.time);
              oracle = oracle.filter((t) => t.time > time);
            }
            expect([recorder.take(), timers.eventTimerCount, store.keyCount]).toEqual([
              due.map((t): Fired => ["event", t.time, t.key, t.namespace]),
              oracle.length,
              new Set(oracle.map((t) => t.key)).size,
            ]);
          }
        }),
        { numRuns: runs },
      );
    });

    it("stops where there is no room, and goes on from there", () => {
      const { timers, recorder, register } = setUp();
      for (let i = 0; i < 5; i++) register(`k${i}`, i);
      const flow = { blocked: true };
      for (let i = 0; i < 5; i++) {
        expect(timers.advanceWatermark(10, flow)).toBe(i === 4);
        expect(recorder.take()).toEqual([["event", i, `k${i}`, ""]]);
      }
      expect(timers.advanceWatermark(10, flow)).toBe(true);
      expect(recorder.fired).toEqual([]);
    });

    it("fires what a firing timer registers within the watermark, and leaves the rest", () => {
      const { timers, recorder, register } = setUp();
      recorder.react = ([, time]) => {
        expect(timers.currentWatermark()).toBe(30);
        timers.registerEventTimeTimer("", time + 10);
      };
      register("a", 5);
      timers.advanceWatermark(30, OPEN);
      expect(recorder.take().map(([, time]) => time)).toEqual([5, 15, 25]);
      expect(timers.eventTimerCount).toBe(1);
    });

    it("fires a late registration with the next watermark", () => {
      const { timers, recorder, register } = setUp();
      timers.advanceWatermark(100, OPEN);
      register("a", 50);
      expect(recorder.fired).toEqual([]);
      timers.advanceWatermark(101, OPEN);
      expect(recorder.take()).toEqual([["event", 50, "a", ""]]);
    });

    it("deletes from within a firing timer what was due together with it", () => {
      const { store, timers, recorder, register } = setUp();
      register("a", 10);
      register("a", 10, "x");
      register("b", 10);
      recorder.react = () => {
        store.setCurrentKey("a");
        timers.deleteEventTimeTimer("x", 10);
      };
      timers.advanceWatermark(10, OPEN);
      expect(recorder.take().map(([, , key, namespace]) => [key, namespace])).toEqual([
        ["a", ""],
        ["b", ""],
      ]);
    });

    it("keeps state that a firing timer writes, and forgets keys that have nothing left", () => {
      const { store, timers, recorder, register } = setUp();
      const state = store.getState("s", valueState<number>());
      recorder.react = ([, time, key]) => {
        if (key === "writes") state.update(time);
        if (key === "clears") state.clear();
      };
      store.setCurrentKey("clears");
      state.update(1);
      for (const key of ["writes", "clears", "neither"]) register(key, 10);
      timers.advanceWatermark(10, OPEN);
      expect(store.keyCount).toBe(1);
      store.setCurrentKey("writes");
      expect(state.value()).toBe(10);
    });

    it("fires processing-time timers, and tells when the earliest became earlier", () => {
      const { store, timers, recorder, clock } = setUp();
      const told: number[] = [];
      timers.onEarlierProcessingTime = (time) => told.push(time);
      expect(timers.nextProcessingTime).toBe(Infinity);
      store.setCurrentKey("a");
      for (const time of [1500, 1800, 1200, 1500]) timers.registerProcessingTimeTimer("", time);
      timers.registerEventTimeTimer("", 1);
      expect(told).toEqual([1500, 1200]);
      expect(timers.nextProcessingTime).toBe(1200);
      expect(timers.processingTimerCount).toBe(3);
      expect(timers.currentProcessingTime()).toBe(1000);
      clock.advanceTo(1500);
      expect(timers.advanceProcessingTime(clock.now(), OPEN)).toBe(true);
      expect(recorder.take()).toEqual([
        ["processing", 1200, "a", ""],
        ["processing", 1500, "a", ""],
      ]);
      expect(timers.nextProcessingTime).toBe(1800);
      timers.deleteProcessingTimeTimer("", 1800);
      expect(timers.nextProcessingTime).toBe(Infinity);
      expect(timers.eventTimerCount).toBe(1);
    });

    it("fires timers at the end of time with the last watermark", () => {
      const { timers, recorder, register } = setUp();
      register("a", Infinity);
      timers.advanceWatermark(Number.MAX_SAFE_INTEGER, OPEN);
      expect(recorder.fired).toEqual([]);
      timers.advanceWatermark(Infinity, OPEN);
      expect(recorder.take()).toEqual([["event", Infinity, "a", ""]]);
    });

    it("refuses NaN, and timers without a key", () => {
      const { store, timers } = setUp();
      const misuse = expect.objectContaining({ code: "STATE_MISUSE" });
      expect(() => timers.registerEventTimeTimer("", 1)).toThrowError(misuse);
      store.setCurrentKey("a");
      expect(() => timers.registerEventTimeTimer("", NaN)).toThrowError(misuse);
    });

    it("does not pile up what is registered and deleted again and again", () => {
      const { store, timers, recorder } = setUp();
      store.setCurrentKey("a");
      for (let i = 0; i < 5000; i++) {
        timers.registerEventTimeTimer("", 1_000_000 - i);
        timers.registerEventTimeTimer("session", 2_000_000);
        timers.deleteEventTimeTimer("", 1_000_000 - i);
        timers.deleteEventTimeTimer("session", 2_000_000);
      }
      expect(timers.eventTimerCount).toBe(0);
      expect(store.keyCount).toBe(0);
      for (let i = 0; i < 40; i++) timers.registerEventTimeTimer("", i);
      timers.advanceWatermark(Infinity, OPEN);
      expect(recorder.take().map(([, time]) => time)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    });
  });
}
