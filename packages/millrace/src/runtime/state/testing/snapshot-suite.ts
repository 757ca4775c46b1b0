import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { hashKey } from "../../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../../common/keys/key-groups.ts";
import { listState, mapState, valueState } from "../../../common/state/descriptors.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { CHANGES, Everything, EVERYTHING_KEY_GROUPS, KEYS } from "./everything.ts";
import { handleContents } from "./handle-contents.ts";
import { storeRequest } from "./store-request.ts";
import { request, restless, takeSnapshot } from "./take-snapshot.ts";

const CHANGE_COUNT = Object.keys(CHANGES).length;

/** Snapshots that are written while the state changes. */
export function describeSnapshots(makeBackend: MakeBackend): void {
  describe("snapshots", () => {
    const filled = async (): Promise<Record<string, unknown>> =>
      handleContents(await takeSnapshot(Everything.filled(makeBackend).store));

    for (const [i, [name, change]] of Object.entries(CHANGES).entries()) {
      it(`are not touched by ${name}, whenever it happens`, async () => {
        const expected = await filled();
        // Each change at some moments, all of them together at every one; the first is before anything is written.
        for (let when = 0, rests = 1; when < rests; when += when === 0 ? 1 + i : CHANGE_COUNT) {
          const all = Everything.filled(makeBackend);
          const snapshot = all.store.snapshot(request());
          const key = KEYS[when % KEYS.length];
          let rest = 0;
          const changeNow = (): void => {
            if (rest++ !== when) return;
            all.store.setCurrentKey(key);
            change(all, key);
          };
          changeNow();
          expect(handleContents(await snapshot.write(restless(changeNow)))).toEqual(expected);
          rests = rest;
        }
      });
    }

    it("are not touched by changes to every key between any two steps", async () => {
      const expected = await filled();
      const changes = Object.values(CHANGES).filter((change) => change !== CHANGES["table: drop"]);
      const all = Everything.filled(makeBackend);
      const snapshot = all.store.snapshot(request());
      let step = 0;
      const changeAll = (): void => {
        const change = changes[step++ % changes.length]!;
        for (const key of KEYS) {
          all.store.setCurrentKey(key);
          if (all.tables.get(0)?.get(key) !== undefined || !change.toString().includes("tables"))
            change(all, key);
        }
      };
      changeAll();
      expect(handleContents(await snapshot.write(restless(changeAll)))).toEqual(expected);
    });

    it("see the changes since the one before", async () => {
      const all = Everything.filled(makeBackend);
      await takeSnapshot(all.store);
      for (const n of [5, 6]) {
        all.store.setCurrentKey("a");
        all.value.mutate(
          (v) => (v.n = n),
          () => ({ n: 0 }),
        );
        all.tables.get(0)!.getForUpdate("a")!.n = n;
        const contents = handleContents(await takeSnapshot(all.store));
        const group = keyGroupOf(hashKey("a"), EVERYTHING_KEY_GROUPS);
        expect(contents[`${group} keyed value string a`]).toEqual({ n });
        expect(contents[`${group} tables tables[0] string a`]).toEqual({ n });
      }
    });

    it("hold large states whole, though they change while they are written", async () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const list = store.getState("list", listState<number>());
      const map = store.getState("map", mapState<number, { n: number }>());
      const windows = store.getNamespacedState("windows", listState<number>());
      const timers = store.getTimerService("timers", { onEventTime() {}, onProcessingTime() {} });
      const numbers = Array.from({ length: 1000 }, (_, i) => i);
      store.setCurrentKey("k");
      list.addAll(numbers);
      for (const i of numbers) {
        map.put(i, { n: i });
        windows.in(`${i % 3}`).add(i);
        timers.registerEventTimeTimer("", i);
      }
      for (let i = 0; i < 50; i++) windows.in(`small ${i}`).add(i);
      const expected = handleContents(await takeSnapshot(store));
      const snapshot = store.snapshot(request());
      let step = 0;
      const change = (): void => {
        const i = (step++ * 37) % 1000;
        store.setCurrentKey("k");
        list.add(-1);
        map.remove(i);
        map.put((i + 500) % 1000, { n: -1 });
        map.mutate(
          (i + 250) % 1000,
          (v) => v.n--,
          () => ({ n: -5 }),
        );
        windows.in("1").add(-1);
        windows.in(`new ${i}`).add(-1);
        timers.deleteEventTimeTimer("", i);
        if (step % 40 === 0) map.clear();
        if (step % 50 === 0) list.clear();
        if (step % 60 === 0) windows.in("2").clear();
      };
      expect(handleContents(await snapshot.write(restless(change)))).toEqual(expected);
    });

    it("are one at a time", async () => {
      const { store } = Everything.filled(makeBackend);
      const first = store.snapshot(request());
      expect(() => store.snapshot(request())).toThrowError(expect.objectContaining({ code: "STATE_MISUSE" }));
      first.abort();
      await takeSnapshot(store);
      await takeSnapshot(store);
    });

    it("are given up at any moment, and the next one is whole", async () => {
      const expected = await filled();
      let rests = 0;
      await takeSnapshot(
        Everything.filled(makeBackend).store,
        {},
        restless(() => void rests++),
      );
      for (let when = 0; when <= rests; when += 13) {
        const all = Everything.filled(makeBackend);
        const snapshot = all.store.snapshot(request());
        let rest = 0;
        if (when === 0) snapshot.abort();
        const written = snapshot.write(restless(() => void (++rest === when && snapshot.abort())));
        await expect(written).rejects.toMatchObject({ code: "CHECKPOINT_ABORTED" });
        snapshot.abort();
        expect(handleContents(await takeSnapshot(all.store))).toEqual(expected);
      }
    });

    it("end at once when they are given up while they wait", async () => {
      const { store } = Everything.filled(makeBackend);
      const snapshot = store.snapshot(request());
      let waits = false;
      const written = snapshot.write({
        over: true,
        next: () => {
          waits = true;
          return new Promise(() => {});
        },
      });
      // A backend that never rests has written it all.
      if (!waits) await written;
      snapshot.abort();
      const outcome = await written.then(
        () => false,
        (error: unknown) => MillraceError.is(error, "CHECKPOINT_ABORTED"),
      );
      expect(outcome).toBe(waits);
    });

    it("give up when their pace does", async () => {
      const all = Everything.filled(makeBackend);
      const error = new Error("given up");
      const snapshot = all.store.snapshot(request());
      const result = await snapshot
        .write({ over: true, next: () => Promise.reject(error) })
        .catch((e: unknown) => e);
      if (result !== error) return;
      all.store.setCurrentKey("a");
      all.value.clear();
      all.list.add(3);
      const contents = handleContents(await takeSnapshot(all.store));
      expect(Object.keys(contents).filter((line) => line.endsWith(" keyed value string a"))).toEqual([]);
    });

    it("name the state and the key that can't be written, and leave the store as it was", async () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      const state = store.getState("bad", valueState<unknown>());
      store.setCurrentKey("k");
      state.update({});
      state.mutate(
        (value) => void ((value as { f?: unknown }).f = () => 1),
        () => ({}),
      );
      await expect(takeSnapshot(store)).rejects.toMatchObject({
        code: "RECORD_TYPE_MISMATCH",
        message: expect.stringMatching(/state "bad" of key "k"/u) as unknown,
      });
      state.update(1);
      expect(Object.values(handleContents(await takeSnapshot(store)))).toEqual([1]);
    });

    it("are nothing where there is nothing, and something where there is a watermark", async () => {
      const store = makeBackend().createKeyedStore(storeRequest());
      store.getState("value", valueState<number>());
      expect(await takeSnapshot(store)).toBeUndefined();
      store.setWatermark(5);
      expect(handleContents(await takeSnapshot(store))).toEqual({});
      expect(await takeSnapshot(store)).toBeDefined();
    });

    it("file each key under its key group", async () => {
      const handle = await takeSnapshot(Everything.filled(makeBackend).store);
      const groups = new Map(
        KEYS.map((key) => [String(keyGroupOf(hashKey(key), EVERYTHING_KEY_GROUPS)), key]),
      );
      for (const line of Object.keys(handleContents(handle)))
        expect(groups.has(line.split(" ")[0]!)).toBe(true);
    });
  });
}
