import {
  keyIndex,
  TtlCell,
  type CapturedElement,
  type CapturedState,
  type KeyedPartReader,
  type KeyIndex,
} from "millrace/internal/state-backend";
import { KeyReader } from "../rows/read-key.ts";
import { after, RowKey, Space } from "../rows/row-key.ts";
import type { StoreView } from "../state/store-view.ts";
import type { RocksState } from "../state/rocks-states.ts";

/**
 * Takes over what a canonical part says of one state, in the store's own key groups. In a part of changes an entry replaces all that there was;
 * the entries of one key stand in a row.
 *
 * @param at the state's number in the part
 */
export function applyPart(store: StoreView, reader: KeyedPartReader, at: number, state: RocksState): void {
  const { start, end } = store.keyGroups;
  const { keyGroups, content } = reader.header;
  const changes = content === "changes";
  for (let group = Math.max(start, keyGroups.start); group < Math.min(end, keyGroups.end); group++) {
    if (changes) applyRemovals(store, reader, at, group, state);
    let last: KeyIndex | undefined;
    for (const { key, namespace, value } of reader.entries(
      at,
      group,
      state.parked ? undefined : state.meta,
    )) {
      store.keys.select(key);
      const index = keyIndex(key);
      if (changes && namespace === undefined && index !== last) clear(store, state);
      last = index;
      put(store, state, key, namespace, value);
    }
  }
}

function applyRemovals(
  store: StoreView,
  reader: KeyedPartReader,
  at: number,
  group: number,
  state: RocksState,
): void {
  const { body } = state;
  if (body.kind === "tables") {
    for (const namespace of reader.removedNamespaces(at, group)) removeGroup(store, state, namespace, group);
  }
  for (const { key, namespace } of reader.removals(at, group)) {
    store.keys.select(key);
    if (body.kind === "tables") body.tables.get(namespace!)?.remove(key);
    else clear(store, state);
  }
}

/** Removes what a table has in one key group. */
function removeGroup(store: StoreView, { body }: RocksState, namespace: number, group: number): void {
  if (body.kind !== "tables") return;
  const table = body.tables.get(namespace);
  if (table === undefined) return;
  const keys: unknown[] = [];
  for (const scan = table.scan(); scan.next();)
    if (store.keys.keyGroupOf(scan.key) === group) keys.push(scan.key);
  for (const key of keys) table.remove(key);
  if (table.size === 0) body.tables.drop(namespace);
}

/** Removes all that the current key has of a state, in every namespace. */
function clear(store: StoreView, state: RocksState): void {
  const { body } = state;
  if (body.kind === "timers") {
    body.domain.clearKey();
  } else if (body.kind !== "tables") {
    const { place } = body;
    if (state.meta.layout !== "namespaced") return place.clear();
    for (const namespace of namespacesOf(store, state)) {
      place.namespace = namespace;
      place.clear();
    }
  }
}

/** The namespaces in which the current key has rows, once all is written. */
function namespacesOf(store: StoreView, { id, body }: RocksState): readonly string[] {
  if (body.kind === "elements" || body.kind === "collections") body.map.current = undefined;
  store.writeBack.writeAll();
  store.keys.touch();
  const key = store.keys.get();
  const prefix = new RowKey().begin(Space.KEYED).u16(store.keys.keyGroupOf(key)).key(key).u16(id).copy();
  const cursor = store.db.scan(prefix, after(prefix));
  const reader = new KeyReader();
  const namespaces = new Set<string>();
  while (cursor.next()) namespaces.add(reader.at(cursor.key, prefix.length).key() as string);
  return [...namespaces];
}

function put(
  store: StoreView,
  state: RocksState,
  key: unknown,
  namespace: number | undefined,
  value: CapturedState,
): void {
  const { body } = state;
  switch (value.kind) {
    case "namespaces":
      if (body.kind !== "elements" && body.kind !== "collections") return;
      for (const [name, inner] of value.namespaces) {
        body.place.namespace = name;
        put(store, state, key, undefined, inner);
      }
      return;
    case "timers":
      if (body.kind !== "timers") return;
      for (const timer of value.timers) body.domain.register(timer.namespace, timer.time);
      return;
    case "element":
      if (body.kind === "tables") body.tables.getOrCreate(namespace!).put(key, value.value);
      else if (body.kind === "elements")
        body.place.set(body.map.codecs.timed ? new TtlCell(value.value, timeOf(store, value)) : value.value);
      return;
    case "list":
      if (body.kind !== "collections") return;
      for (const element of value.elements) {
        const cell = body.place.forChange();
        body.map.add(cell, cell.next, undefined, element.value, timeOf(store, element));
      }
      return;
    case "map":
      if (body.kind !== "collections") return;
      for (const [mapKey, element] of value.entries) {
        const cell = body.place.forChange();
        body.map.add(cell, keyIndex(mapKey), mapKey, element.value, timeOf(store, element));
      }
  }
}

function timeOf(store: StoreView, { time }: CapturedElement): number {
  return time ?? store.restoredAt;
}
