import type { KeyedStateHandle, StateFiles } from "millrace/internal/state-backend";
import type { StoreView } from "../state/store-view.ts";
import { readMeta } from "./fetch-database.ts";

/** Makes the states of a database that was taken over as it is known to its store. */
export async function restoreMeta(
  store: StoreView,
  handle: Extract<KeyedStateHandle, { kind: "native" }>,
  files: StateFiles,
): Promise<void> {
  const meta = readMeta(handle, files);
  const { states, tables } = store;
  tables.next = meta.nextTable;
  for (const { header, encodings, timers } of meta.states) {
    const { body } = states.restore(header, encodings);
    if (body.kind === "timers") {
      body.domain.map.complete = false;
      body.domain.size = timers?.size ?? 0;
      body.domain.next = timers?.next ?? 1;
      body.domain.queue.restored();
    } else if (body.kind !== "tables") {
      body.map.complete = false;
    }
  }
  for (const { id, state, namespace, size } of meta.tables) {
    const { body } = states.all[state]!;
    if (body.kind === "tables") body.tables.restore(namespace, id, size);
  }
  for (const id of meta.dropped) {
    tables.familyOf(id);
    tables.drop(id);
  }
}
