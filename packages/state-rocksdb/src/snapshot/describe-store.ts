import { stateHeader } from "millrace/internal/state-backend";
import type { StoreView } from "../state/store-view.ts";
import { NATIVE_FORMAT, type StoreMeta } from "./store-meta.ts";

/** What the rows of a store mean, as of now. */
export function describeStore({ states, tables }: StoreView): StoreMeta {
  return {
    format: NATIVE_FORMAT,
    states: states.all.map(({ meta, codecs, body }) => ({
      header: stateHeader(meta),
      encodings: [...codecs.encodings],
      timers: body.kind === "timers" ? { size: body.domain.size, next: body.domain.next } : undefined,
    })),
    tables: states.all.flatMap(({ id: state, body }) =>
      body.kind === "tables"
        ? body.tables.all().map(({ id, namespace, size }) => ({ id, state, namespace, size }))
        : [],
    ),
    dropped: [...tables.dropped],
    nextTable: tables.next,
  };
}
