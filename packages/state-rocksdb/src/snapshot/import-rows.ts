import type { RocksDb } from "../db/rocks-db.ts";
import { asSlice } from "../db/slice-buffer.ts";
import { KeyReader } from "../rows/read-key.ts";
import { after, Part, RowKey, Space } from "../rows/row-key.ts";
import { readSortable, SORTABLE } from "../rows/sortable.ts";
import type { StoreView } from "../state/store-view.ts";
import type { RocksState } from "../state/rocks-states.ts";
import { familyName } from "../state/table-rows.ts";
import type { StoreMeta } from "./store-meta.ts";

/** Rows between two turns of the event loop. */
const TURN = 20_000;

/** A state of the snapshot, and what it is here. */
interface Imported {
  readonly state: RocksState;
  /** What its encodings are here. */
  readonly encodings: readonly number[];
}

/**
 * Reads the rows of the store's own key groups from another store's database. States may have other numbers here, and so may encodings,
 * tables and timers.
 */
export async function importRows(
  store: StoreView,
  meta: StoreMeta,
  open: (family: string) => RocksDb,
): Promise<void> {
  const states = meta.states.map(({ header, encodings }): Imported => {
    const state = store.states.restore(header, encodings);
    return { state, encodings: encodings.map((encoding) => state.codecs.add(encoding)) };
  });
  const from = open("default");
  try {
    await importKeyed(store, states, from);
    for (const { id, state, namespace } of meta.tables) {
      const { body } = states[state]!.state;
      if (body.kind !== "tables") continue;
      const own = from.families.includes(familyName(id));
      const db = own ? open(familyName(id)) : from;
      await importTable(store, states[state]!, id, namespace, db);
      if (own) db.close();
    }
  } finally {
    from.close();
  }
}

async function importKeyed(store: StoreView, states: readonly Imported[], from: RocksDb): Promise<void> {
  const { start, end } = store.keyGroups;
  const range = (keyGroup: number): Uint8Array => new RowKey().begin(Space.KEYED).u16(keyGroup).copy();
  const cursor = from.scan(range(start), end > 0xffff ? Uint8Array.of(Space.KEYED + 1) : range(end));
  const reader = new KeyReader();
  try {
    for (let rows = 1; cursor.next(); rows++) {
      if (rows % TURN === 0) await turn();
      const key = asSlice(Buffer.from(cursor.key.subarray(0, cursor.keyLength)));
      const value = asSlice(Buffer.from(cursor.value.subarray(0, cursor.valueLength)));
      key.end = key.length;
      value.end = value.length;
      reader.at(key, 3).skipKey();
      const at = reader.position;
      const imported = states[key.readUInt16BE(at)]!;
      const { state } = imported;
      key.writeUInt16BE(state.id, at);
      let rest = at + 2;
      if (state.meta.layout === "namespaced") {
        reader.position = rest;
        reader.skipKey();
        rest = reader.position;
      }
      if (state.body.kind === "timers" && key[rest] === Part.ELEMENT) {
        importTimer(store, state, reader.at(key, 3), key, rest + 1, value);
      } else if (state.body.kind === "elements" || key[rest] === Part.ELEMENT) {
        value[0] = imported.encodings[value[0]!]!;
      }
      if (state.body.kind !== "tables")
        (state.body.kind === "timers" ? state.body.domain : state.body).map.complete = false;
      store.db.put(key, value);
    }
  } finally {
    cursor.close();
  }
}

/** A timer gets a number of its own here: those of several stores would meet. */
function importTimer(
  store: StoreView,
  state: RocksState,
  reader: KeyReader,
  row: Buffer,
  at: number,
  value: Buffer,
): void {
  if (state.body.kind !== "timers") return;
  const { domain } = state.body;
  const key = reader.key();
  const time = readSortable(row, at);
  const namespace = reader.at(row, at + SORTABLE).key() as string;
  const number = domain.next++;
  value.writeUIntBE(number, 0, 6);
  const order = new RowKey().begin(Space.TIMERS).u16(state.id).sortable(time).u48(number);
  const zero = asSlice(Buffer.alloc(1));
  zero.end = 1;
  store.db.put(order.u16(store.keys.keyGroupOf(key)).key(key).key(namespace).slice, zero);
  domain.size++;
  domain.queue.restored();
}

async function importTable(
  store: StoreView,
  { state, encodings }: Imported,
  id: number,
  namespace: number,
  db: RocksDb,
): Promise<void> {
  if (state.body.kind !== "tables") return;
  const table = state.body.tables.getOrCreate(namespace);
  const { start, end } = store.keyGroups;
  const prefix = new RowKey().begin(Space.TABLES).u32(id);
  const from = new RowKey().begin(Space.TABLES).u32(id).u16(start).copy();
  const to = end > 0xffff ? after(prefix.copy()) : prefix.u16(end).copy();
  const cursor = db.scan(from, to);
  const reader = new KeyReader();
  try {
    for (let rows = 1; cursor.next(); rows++) {
      if (rows % TURN === 0) await turn();
      const key = reader.at(cursor.key, 7).key();
      const encoding = encodings[cursor.value[0]!]!;
      const value = Buffer.from(cursor.value.subarray(0, cursor.valueLength));
      value[0] = encoding;
      const row = new RowKey().begin(Space.TABLES).u32(table.id).u16(store.keys.keyGroupOf(key)).key(key);
      const slice = asSlice(value);
      slice.end = value.length;
      table.map.db.put(row.slice, slice);
      table.map.complete = false;
      table.map.writes++;
      table.size++;
    }
  } finally {
    cursor.close();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
