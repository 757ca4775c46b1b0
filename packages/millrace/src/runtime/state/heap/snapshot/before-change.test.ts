import { expect, it } from "vitest";
import { valueState } from "../../../../common/state/descriptors.ts";
import { Types } from "../../../../common/types/types.ts";
import { storeRequest } from "../../testing/store-request.ts";
import { request, restless } from "../../testing/take-snapshot.ts";
import { HashMapStateBackend } from "../hash-map-state-backend.ts";

it("fails the snapshot, not the record that is about to change what can't be written", async () => {
  const store = new HashMapStateBackend().createKeyedStore(storeRequest());
  const state = store.getState("total", valueState(Types.object({ n: Types.int })));
  store.setCurrentKey("odd");
  state.update({ n: 1 });
  state.mutate(
    (total) => Object.assign(total, { n: "many" }),
    () => ({ n: 0 }),
  );
  const snapshot = store.snapshot(request());
  state.mutate(
    (total) => (total.n = 2),
    () => ({ n: 0 }),
  );
  expect(state.value()).toEqual({ n: 2 });
  await expect(snapshot.write(restless(() => {}))).rejects.toMatchObject({ code: "RECORD_TYPE_MISMATCH" });
  // The next one finds what can be written.
  expect(await store.snapshot(request({ checkpointId: 2 })).write(restless(() => {}))).toBeDefined();
});
