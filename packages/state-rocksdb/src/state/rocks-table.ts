import {
  keyIndex,
  retainKey,
  type KeyIndex,
  type NamespaceTable,
  type TableScan,
} from "millrace/internal/state-backend";
import type { ElementCell, ElementMap } from "../cache/element-map.ts";
import type { WriteBack } from "../cache/write-back.ts";
import type { RocksCursor } from "../db/rocks-cursor.ts";
import { KeyReader } from "../rows/read-key.ts";
import { after, RowKey, Space } from "../rows/row-key.ts";

/** Bytes before the key in a row of a table: space, table, key group. */
const KEY_AT = 7;

/** One table of a namespace. Small ones, which come and go between two barriers, never have a row. */
export class RocksTable<V> implements NamespaceTable<V> {
  readonly namespace: number;
  /** Tells the rows of this table from those of others, dropped ones of the same namespace among them. */
  readonly id: number;
  readonly map: ElementMap;
  size: number;
  readonly #writeBack: WriteBack;

  constructor(namespace: number, id: number, map: ElementMap, writeBack: WriteBack, size = 0) {
    this.namespace = namespace;
    this.id = id;
    this.map = map;
    this.size = size;
    this.#writeBack = writeBack;
  }

  get(key: unknown): V | undefined {
    return this.#find(key)?.value as V | undefined;
  }

  getForUpdate(key: unknown): V | undefined {
    const cell = this.#find(key);
    if (cell === undefined || cell.value === undefined) return undefined;
    this.#writeBack.change(cell);
    return cell.value as V;
  }

  put(key: unknown, value: V): void {
    let cell = this.#find(key);
    if (cell === undefined) {
      const own = retainKey(key);
      cell = this.map.create(indexOf(own), own, "", value);
      this.map.current = cell;
    }
    if (cell.value === undefined) this.size++;
    this.#writeBack.change(cell);
    cell.value = value;
  }

  remove(key: unknown): void {
    const cell = this.#find(key);
    if (cell === undefined || cell.value === undefined) return;
    this.#writeBack.change(cell);
    cell.value = undefined;
    this.size--;
    if (cell.stored) return;
    this.#writeBack.forget(cell);
    this.map.drop(cell);
  }

  scan(): TableScan<V> {
    return new RocksTableScan(this.map, this.id);
  }

  #find(key: unknown): ElementCell | undefined {
    const cell = this.map.obtain(indexOf(key), key, "");
    this.map.current = cell;
    return cell;
  }
}

function indexOf(key: unknown): KeyIndex {
  return typeof key === "number" && (key | 0) === key ? key : keyIndex(key);
}

/**
 * A walk over a table: first the rows whose entries were not in memory when it began, then what was. Entries of the second kind stay in memory
 * until the walk is over.
 */
class RocksTableScan<V> implements TableScan<V> {
  key: unknown = undefined;
  value: V = undefined as V;
  readonly #map: ElementMap;
  readonly #walk: number;
  readonly #writes: number;
  readonly #reader = new KeyReader();
  #rows: RocksCursor | undefined;
  #cells: MapIterator<ElementCell> | undefined;

  constructor(map: ElementMap, id: number) {
    this.#map = map;
    this.#walk = map.beginWalk();
    this.#writes = map.writes;
    if (map.complete) return;
    const prefix = new RowKey().begin(Space.TABLES).u32(id).copy();
    this.#rows = map.db.scan(prefix, after(prefix));
  }

  next(): boolean {
    return this.#nextRow() || this.#nextCell();
  }

  #nextRow(): boolean {
    const rows = this.#rows;
    if (rows === undefined) return false;
    while (rows.next()) {
      const key = this.#reader.at(rows.key, KEY_AT).key();
      const index = indexOf(key);
      let cell = this.#map.cells.get(index);
      if (cell !== undefined && cell.admitted <= this.#walk) continue;
      // Came into memory, and perhaps left it again, since the walk began: then the row is old.
      if (cell === undefined && this.#map.writes !== this.#writes) {
        cell = this.#map.obtain(index, key, "");
        if (cell === undefined) continue;
      }
      const value = cell === undefined ? this.#map.decode(rows.value, rows.valueLength, () => 0) : cell.value;
      if (value === undefined) continue;
      this.key = key;
      this.value = value as V;
      return true;
    }
    this.#rows = undefined;
    return false;
  }

  #nextCell(): boolean {
    this.#cells ??= this.#map.cells.values();
    for (
      let { done, value: cell } = this.#cells.next();
      done !== true;
      { done, value: cell } = this.#cells.next()
    ) {
      if (cell === undefined || cell.value === undefined) continue;
      // Read from a row since: that row was seen.
      if (cell.admitted > this.#walk && cell.stored) continue;
      this.key = cell.key;
      this.value = cell.value as V;
      return true;
    }
    this.#map.endWalk(this.#walk);
    return false;
  }
}
