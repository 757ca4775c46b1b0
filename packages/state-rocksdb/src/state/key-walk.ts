import type { RocksDb } from "../db/rocks-db.ts";
import { KeyReader } from "../rows/read-key.ts";
import { Part, Space } from "../rows/row-key.ts";
import { keyIndex, type KeyIndex } from "millrace/internal/state-backend";
import type { RocksState } from "./rocks-states.ts";

/** A map of cells as a walk sees it. */
interface WalkedMap {
  readonly complete: boolean;
  readonly cells: ReadonlyMap<KeyIndex, { readonly key: unknown; readonly admitted: number }>;
  beginWalk(): number;
  endWalk(walk: number): void;
}

/**
 * Visits every key that has a state, once. The state of the key visited may be changed meanwhile. Keys of namespaced state may be visited several
 * times, once for each namespace.
 */
export function walkKeys(state: RocksState, db: RocksDb, visit: (key: unknown) => void): void {
  const { body } = state;
  if (body.kind === "tables") {
    for (const table of body.tables.all()) for (const scan = table.scan(); scan.next();) visit(scan.key);
    return;
  }
  const map: WalkedMap = body.kind === "timers" ? body.domain.map : body.map;
  const holds = (cell: unknown): boolean =>
    body.kind === "elements"
      ? (cell as { value: unknown }).value !== undefined
      : (cell as { count: number }).count > 0;
  const walk = map.beginWalk();
  try {
    if (!map.complete) walkRows(state, db, map, walk, visit);
    for (const cell of map.cells.values()) if (cell.admitted <= walk && holds(cell)) visit(cell.key);
  } finally {
    map.endWalk(walk);
  }
}

/** The keys that have a state, perhaps several times. */
export function keysOf(state: RocksState, db: RocksDb): readonly unknown[] {
  const keys: unknown[] = [];
  walkKeys(state, db, (key) => keys.push(key));
  return keys;
}

function walkRows(
  state: RocksState,
  db: RocksDb,
  map: WalkedMap,
  walk: number,
  visit: (key: unknown) => void,
): void {
  const namespaced = state.meta.layout === "namespaced";
  const reader = new KeyReader();
  const known = new Set<KeyIndex>();
  // Cells in memory are found by their keys here, since those of namespaced state have other indexes.
  if (namespaced)
    for (const cell of map.cells.values()) if (cell.admitted <= walk) known.add(keyIndex(cell.key));
  const cursor = db.scan(Uint8Array.of(Space.KEYED), Uint8Array.of(Space.KEYED + 1));
  try {
    while (cursor.next()) {
      reader.at(cursor.key, 3).skipKey();
      if (cursor.key.readUInt16BE(reader.position) !== state.id) continue;
      reader.position += 2;
      if (namespaced) reader.skipKey();
      if (state.body.kind !== "elements" && cursor.key[reader.position] !== Part.META) continue;
      const key = reader.at(cursor.key, 3).key();
      const index = keyIndex(key);
      const cell = map.cells.get(index);
      if (namespaced ? !known.has(index) : cell === undefined || cell.admitted > walk) visit(key);
    }
  } finally {
    cursor.close();
  }
}
