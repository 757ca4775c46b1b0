import { describe, expect, it } from "vitest";
import { listState, mapState } from "../../../common/state/descriptors.ts";
import { Types } from "../../../common/types/types.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import { createStateFiles } from "../../checkpoint/storage/create-state-files.ts";
import type { SnapshotOperatorStore } from "../operator-snapshot.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { storeRequest } from "./store-request.ts";

const files = createStateFiles({ directory: undefined, inlineThreshold: Infinity });

/** What a store's snapshot is restored from. */
const taken = (store: SnapshotOperatorStore): StateBytes => ({ kind: "inline", bytes: store.snapshot()! });

/** List, union and broadcast state. */
export function describeOperatorState(makeBackend: MakeBackend): void {
  describe("operator state", () => {
    it("keeps lists and broadcast maps", () => {
      const store = makeBackend().createOperatorStore(storeRequest());
      expect(store.isRestored).toBe(false);
      const list = store.getListState("list", listState(Types.int));
      list.addAll([1, 2]);
      list.add(3);
      expect([...list.get()]).toEqual([1, 2, 3]);
      const broadcast = store.getBroadcastState("rules", mapState<unknown, { n: number }>());
      broadcast.put("a", { n: 1 });
      broadcast.put(["a", 1], { n: 2 });
      expect([...broadcast.entries()]).toEqual([
        ["a", { n: 1 }],
        [["a", 1], { n: 2 }],
      ]);
      expect(broadcast.get(["a", 1])).toEqual({ n: 2 });
      broadcast.remove("a");
      expect([broadcast.has("a"), broadcast.size]).toEqual([false, 1]);
      broadcast.clear();
      expect(broadcast.size).toBe(0);
    });

    it("gives the same state for the same name, and refuses another kind", () => {
      const store = makeBackend().createOperatorStore(storeRequest());
      const list = store.getListState("s", listState<number>());
      list.add(1);
      expect(store.getListState("s", listState<number>())).toBe(list);
      const misuse = expect.objectContaining({ code: "STATE_MISUSE" });
      expect(() => store.getUnionListState("s", listState<number>())).toThrowError(misuse);
      expect(() => store.getBroadcastState("s", mapState())).toThrowError(misuse);
    });

    it("splits lists, unites union lists and copies broadcast state when restored at another parallelism", () => {
      const backend = makeBackend();
      const before = [0, 1, 2].map((subtask) =>
        backend.createOperatorStore(storeRequest({ parallelism: 3, subtask })),
      );
      before.forEach((store, i) => {
        store.getListState("split", listState<number>()).addAll([i * 10, i * 10 + 1]);
        store.getUnionListState("union", listState<number>()).add(i);
        store.getBroadcastState("rules", mapState<string, number>()).put("limit", 5);
      });
      const snapshots = before.map(taken);
      // What happens afterwards is not in the snapshot.
      before[0]!.getListState("split", listState<number>()).add(99);
      for (const parallelism of [1, 2, 4]) {
        const after = Array.from({ length: parallelism }, (_, subtask) => {
          const store = backend.createOperatorStore(storeRequest({ parallelism, subtask }));
          store.restore(snapshots, files);
          return store;
        });
        expect(after.every((store) => store.isRestored)).toBe(true);
        const split = after.map((store) => [...store.getListState("split", listState<number>()).get()]);
        expect(split.flat()).toEqual([0, 1, 10, 11, 20, 21]);
        const sizes = split.map((part) => part.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        for (const store of after) {
          expect([...store.getUnionListState("union", listState<number>()).get()]).toEqual([0, 1, 2]);
          expect([...store.getBroadcastState("rules", mapState<string, number>()).entries()]).toEqual([
            ["limit", 5],
          ]);
        }
      }
    });

    it("leaves lists where they are as long as there are as many subtasks", () => {
      const backend = makeBackend();
      const before = [3, 1, 0].map((length, subtask) => {
        const store = backend.createOperatorStore(storeRequest({ parallelism: 3, subtask }));
        store
          .getListState("split", listState<number>())
          .addAll(Array.from({ length }, (_, i) => subtask * 10 + i));
        return store;
      });
      const snapshots = before.map(taken);
      const after = before.map((_, subtask) => {
        const store = backend.createOperatorStore(storeRequest({ parallelism: 3, subtask }));
        store.restore(snapshots, files);
        return [...store.getListState("split", listState<number>()).get()];
      });
      expect(after).toEqual([[0, 1, 2], [10], []]);
    });

    it("carries on what was restored and not asked for", () => {
      const backend = makeBackend();
      const typed = listState(Types.object({ n: Types.int }));
      const first = [0, 1].map((subtask) => {
        const store = backend.createOperatorStore(storeRequest({ parallelism: 2, subtask }));
        store.getListState("old", typed).addAll([{ n: 2 * subtask }, { n: 2 * subtask + 1 }]);
        store.getUnionListState("all", typed).addAll([{ n: 5 }, { n: 6 + subtask }]);
        store.getBroadcastState("rules", mapState<string, number>()).put("limit", 5);
        return store;
      });
      // Its share only: the rest is the others'. Of union lists, too, which would grow with each restore.
      const second = [0, 1, 2].map((subtask) => {
        const store = backend.createOperatorStore(storeRequest({ parallelism: 3, subtask }));
        store.restore(first.map(taken), files);
        return store;
      });
      const third = backend.createOperatorStore(storeRequest());
      third.restore(second.map(taken), files);
      expect([...third.getListState("old", typed).get()].map(({ n }) => n)).toEqual([0, 1, 2, 3]);
      expect([...third.getUnionListState("all", typed).get()].map(({ n }) => n)).toEqual([5, 6, 5, 7]);
      const rules = third.getBroadcastState("rules", mapState<string, number>());
      expect([...rules.entries()]).toEqual([["limit", 5]]);
    });

    it("has nothing to say where nobody asked for state", () => {
      const store = makeBackend().createOperatorStore(storeRequest());
      expect([store.snapshot(), store.hasUnionState]).toEqual([undefined, false]);
      store.getUnionListState("all", listState<number>());
      expect(store.hasUnionState).toBe(true);
    });

    it("migrates types by rule, and refuses other types and other ways to redistribute", () => {
      const backend = makeBackend();
      const first = backend.createOperatorStore(storeRequest());
      first.getListState("rows", listState(Types.object({ n: Types.int }))).add({ n: 1 });
      const restored = (): SnapshotOperatorStore => {
        const store = backend.createOperatorStore(storeRequest());
        store.restore([taken(first)], files);
        return store;
      };
      const wider = listState(Types.object({ n: Types.double, label: Types.optional(Types.string) }));
      expect([...restored().getListState("rows", wider).get()]).toEqual([{ n: 1 }]);
      const refused = expect.objectContaining({ code: "RESTORE_REFUSED" });
      const other = listState(Types.object({ n: Types.string }));
      expect(() => restored().getListState("rows", other)).toThrowError(refused);
      expect(() => restored().getUnionListState("rows", listState())).toThrowError(refused);
      expect(() => restored().getBroadcastState("rows", mapState())).toThrowError(refused);
    });
  });
}
