import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import type { KeyedStateHandle } from "../../../protocol/control/snapshots.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { CHANGES, Everything, EVERYTHING_KEY_GROUPS, KEYS } from "./everything.ts";
import { handleContents } from "./handle-contents.ts";
import { storeRequest } from "./store-request.ts";
import { inMemory, request, takeCheckpoint, takeSnapshot } from "./take-snapshot.ts";

/**
 * Checkpoints that write what has changed since the one before.
 *
 * @param rounds - how many of them build on each other, for each kind of change
 */
export function describeIncremental(makeBackend: MakeBackend, rounds = 3): void {
  describe("incremental checkpoints", () => {
    const checkpoint = { canonical: false, incremental: true };

    /** What a handle of whatever form holds. */
    async function contents(
      handles: readonly KeyedStateHandle[],
      time = 0,
    ): Promise<Record<string, unknown>> {
      const { store } = await Everything.make(makeBackend, { clock: new ManualClock(time) }, handles);
      return handleContents(await takeSnapshot(store));
    }

    const now = async ({ store }: Everything): Promise<Record<string, unknown>> =>
      handleContents(await takeSnapshot(store));

    /** With so much more that changes are few. */
    function withMore(all: Everything): Everything {
      for (let i = 0; i < 40; i++) {
        all.store.setCurrentKey(`more ${i}`);
        all.value.update({ n: i });
        all.tables.getOrCreate(10).put(`more ${i}`, { n: i });
      }
      return all;
    }

    for (const [name, change] of Object.entries(CHANGES)) {
      it(`tell of ${name}`, async () => {
        const all = withMore(Everything.filled(makeBackend));
        await takeCheckpoint(all.store, 1);
        for (const [i, key] of KEYS.slice(0, rounds).entries()) {
          all.store.setCurrentKey(key);
          if (name !== "table: drop" || i === 0) change(all, key);
          const handles = await takeCheckpoint(all.store, 2 + i);
          expect(await contents(handles, all.clock.now())).toEqual(await now(all));
        }
      });
    }

    it("leave out what came and went, and tell of what came again", async () => {
      const all = withMore(Everything.filled(makeBackend));
      await takeCheckpoint(all.store, 1);
      const { store, value, tables, timers } = all;
      store.setCurrentKey("brief");
      value.update({ n: 1 });
      value.clear();
      tables.getOrCreate(30).put("brief", { n: 1 });
      tables.drop(30);
      timers.registerEventTimeTimer("", 5);
      timers.deleteEventTimeTimer("", 5);
      store.setCurrentKey("a");
      value.clear();
      value.update({ n: 7 });
      tables.drop(0);
      tables.getOrCreate(0).put("b", { n: 8 });
      const handles = await takeCheckpoint(store, 2);
      expect(await contents(handles)).toEqual(await now(all));
    });

    it("build on confirmed ones only: what was given up belongs to the next", async () => {
      const all = withMore(Everything.filled(makeBackend));
      const { store } = all;
      const write = (key: unknown, n: number): void => {
        store.setCurrentKey(key);
        all.value.update({ n });
        all.list.update([n]);
        if (n % 2 === 0) all.map.clear();
      };
      const taken = new Map<
        number,
        { readonly handles: readonly KeyedStateHandle[]; readonly state: unknown }
      >();
      async function take(checkpointId: number): Promise<void> {
        const handle = await takeSnapshot(store, { ...checkpoint, checkpointId });
        taken.set(checkpointId, { handles: [handle!], state: await now(all) });
      }
      async function check(checkpointId: number): Promise<void> {
        const { handles, state } = taken.get(checkpointId)!;
        expect(await contents(handles)).toEqual(state);
      }
      await take(1);
      store.checkpointComplete(1);
      write(1, 10);
      await take(2);
      store.checkpointAborted(2);
      write(2, 20);
      await take(3);
      write(3, 30);
      await take(4);
      store.checkpointAborted(3);
      store.checkpointComplete(4);
      await check(4);
      write("a", 40);
      // Given up while it is written.
      store.snapshot(request({ ...checkpoint, checkpointId: 5 })).abort();
      store.checkpointAborted(5);
      write("b", 51);
      await take(6);
      // Its confirmation comes late, or never.
      write("b", 61);
      store.setCurrentKey("a");
      all.value.clear();
      await take(7);
      store.checkpointComplete(6);
      await check(6);
      await check(7);
      store.checkpointComplete(7);
      await take(8);
      await check(8);
      // What nobody knows of changes nothing.
      store.checkpointComplete(99);
      store.checkpointAborted(99);
      write(1, 71);
      await take(9);
      await check(9);
    });

    it("are not disturbed by savepoints", async () => {
      const all = withMore(Everything.filled(makeBackend));
      await takeCheckpoint(all.store, 1);
      all.store.setCurrentKey("a");
      all.value.update({ n: 5 });
      all.list.clear();
      const savepoint = await takeSnapshot(all.store, { checkpointId: 2 });
      all.store.checkpointComplete(2);
      expect(handleContents(savepoint)).toEqual(await now(all));
      all.store.setCurrentKey("b");
      all.value.clear();
      expect(await contents(await takeCheckpoint(all.store, 3))).toEqual(await now(all));
      expect(await contents(await takeCheckpoint(all.store, 4))).toEqual(await now(all));
    });

    it("tell of states that were restored and asked for only later", async () => {
      const first = (await takeSnapshot(withMore(Everything.filled(makeBackend)).store))!;
      const clock = new ManualClock();
      const later = makeBackend().createKeyedStore(
        storeRequest({ maxParallelism: EVERYTHING_KEY_GROUPS, clock }),
      );
      await later.restore([first], inMemory);
      later.restored();
      await takeCheckpoint(later, 1);
      const all = new Everything(later, clock);
      all.store.setCurrentKey("a");
      all.value.clear();
      all.tables.drop(0);
      all.tables.get(10)!.remove("a");
      all.timers.deleteEventTimeTimer("w", 60);
      for (const id of [2, 3]) {
        const handles = await takeCheckpoint(later, id);
        expect(await contents(handles)).toEqual(await now(all));
      }
    });

    it("go on with the watermark alone", async () => {
      const all = withMore(Everything.filled(makeBackend));
      all.store.setWatermark(10);
      await takeCheckpoint(all.store, 1);
      all.store.setWatermark(20);
      const handles = await takeCheckpoint(all.store, 2);
      const again = await takeCheckpoint(all.store, 3);
      for (const each of [handles, again]) {
        const { store } = await Everything.make(makeBackend, {}, each);
        expect(store.restoredWatermark(0)).toBe(20);
        expect(await contents(each)).toEqual(await now(all));
      }
    });
  });
}
