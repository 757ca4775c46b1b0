import { isExpired, type KeyIndex, type TtlPolicy } from "millrace/internal/state-backend";
import type { RocksDb } from "../db/rocks-db.ts";
import type { RocksCursor } from "../db/rocks-cursor.ts";
import { after, Part, type RowKey } from "../rows/row-key.ts";
import type { RowAddress, Rows } from "./element-map.ts";
import { CellMap } from "./cell-map.ts";
import type { Cell } from "./cell.ts";
import { estimateSize, sizeOfEncoded } from "./estimate-size.ts";
import { RowEntry, RowSetCell } from "./row-set.ts";

/** How the elements of one kind of collection are written. */
export interface ElementRows {
  /** Appends what tells elements of one collection apart. */
  address(row: RowKey, index: KeyIndex, key: unknown, number: number): RowKey;
  /** Reads an element from its row: `at` is where what `address` appended begins. */
  read(cursor: Pick<RocksCursor, "key" | "keyLength" | "value" | "valueLength">, at: number): RowEntry;
  /** Reads one whose index and key are known. */
  readKnown(index: KeyIndex, key: unknown, value: Buffer, length: number): RowEntry;
  /** Writes the element; `row` is its row's key. */
  put(db: RocksDb, row: RowKey, cell: RowSetCell, entry: RowEntry): void;
  /** Removes its rows. */
  remove(db: RocksDb, row: RowKey, cell: RowSetCell, entry: RowEntry): void;
}

/** Collections up to this size are read whole. */
const READ_WHOLE = 1024;
/** Collections up to this size are handed out in the order of their numbers, larger ones in that of their rows. */
const SORTED = 65_536;
/** So many changed elements of one cell wait at most: its first change after a barrier writes them all. */
const DIRTY_ENTRIES = 2048;
const ENTRY_BYTES = 150;

/** The value of the row that counts: `u48 elements | u48 number of the next`. */
const META_BYTES = 12;

/** Cells of many rows each. */
export class RowSetMap extends CellMap<RowSetCell> {
  readonly db: RocksDb;
  readonly #rows: Rows;
  readonly #address: RowAddress;
  readonly #elements: ElementRows;
  /** Whether user code may be changing the cell in use: not so with timers, which may be written at any time. */
  readonly #mayBeBusy: boolean;

  constructor(rows: Rows, db: RocksDb, address: RowAddress, elements: ElementRows, mayBeBusy = true) {
    super(rows);
    this.#mayBeBusy = mayBeBusy;
    this.#rows = rows;
    this.db = db;
    this.#address = address;
    this.#elements = elements;
  }

  override isCurrent(cell: Cell): boolean {
    return this.#mayBeBusy && super.isCurrent(cell);
  }

  /** The cell, read if need be; undefined where there is nothing. */
  obtain(index: KeyIndex, key: unknown, namespace: string): RowSetCell | undefined {
    const cell = this.resident(index);
    return cell !== undefined || this.complete ? cell : this.#load(index, key, namespace);
  }

  /** An empty cell for what `obtain` did not find. */
  create(index: KeyIndex, key: unknown, namespace: string): RowSetCell {
    this.shared.keyWatch.added(key);
    const cell = new RowSetCell(this, index, key, namespace);
    this.admit(cell);
    return cell;
  }

  /** To be called before a cell changes. */
  change(cell: RowSetCell): void {
    const { writeBack } = this.shared;
    if (cell.dirty.length >= DIRTY_ENTRIES && writeBack.mayWrite(cell)) {
      writeBack.write(cell);
      this.#trim(cell);
    }
    writeBack.change(cell);
  }

  /** Drops a cell that holds nothing and has no rows. */
  forget(cell: RowSetCell): void {
    this.shared.writeBack.forget(cell);
    this.drop(cell);
  }

  /** The element; undefined where there is none. */
  entry(cell: RowSetCell, index: KeyIndex, key: unknown): RowEntry | undefined {
    const entry = cell.entries.get(index);
    if (entry !== undefined) return entry.value === undefined ? undefined : entry;
    if (cell.complete) return undefined;
    const row = this.#elementRow(cell, index, key, 0);
    const length = this.db.get(row.slice);
    if (length < 0) return undefined;
    const read = this.#elements.readKnown(index, key, this.db.value, length);
    read.storedAs = read.number;
    this.#keep(cell, read, sizeOfEncoded(length));
    return read;
  }

  /** Adds an element that is not there. The cell's `change` was called. */
  add(cell: RowSetCell, index: KeyIndex, key: unknown, value: unknown, time: number): RowEntry {
    const known = cell.entries.get(index);
    const entry = new RowEntry(index, key, value, cell.next++);
    entry.time = time;
    if (known !== undefined) {
      // Its removal was not written yet: one row stands for both.
      entry.storedAs = known.storedAs;
      entry.dirty = known.dirty;
      if (known.dirty) cell.dirty[cell.dirty.indexOf(known)] = entry;
      cell.entries.delete(index);
      this.resize(cell, -ENTRY_BYTES);
    }
    cell.count++;
    this.#keep(cell, entry, estimateSize(value));
    this.touch(cell, entry);
    return entry;
  }

  /** The element was or will be changed. The cell's `change` was called. */
  touch(cell: RowSetCell, entry: RowEntry): void {
    if (entry.dirty) return;
    entry.dirty = true;
    cell.dirty.push(entry);
  }

  /** Removes an element that is there. The cell's `change` was called. */
  remove(cell: RowSetCell, entry: RowEntry): void {
    entry.value = undefined;
    cell.count--;
    if (entry.storedAs >= 0) {
      this.touch(cell, entry);
      return;
    }
    if (entry.dirty) cell.dirty.splice(cell.dirty.indexOf(entry), 1);
    cell.entries.delete(entry.index);
    this.resize(cell, -ENTRY_BYTES);
  }

  /** Removes all elements. The cell's `change` was called. */
  removeAll(cell: RowSetCell): void {
    if (cell.complete) {
      for (const entry of cell.entries.values()) if (entry.value !== undefined) this.remove(cell, entry);
    } else {
      // Some elements have rows and nothing else.
      this.resize(cell, -ENTRY_BYTES * cell.entries.size);
      cell.entries.clear();
      cell.dirty.length = 0;
      cell.voided = true;
      cell.complete = true;
    }
    cell.count = 0;
  }

  /** The elements in the order in which they were added. The cell may be changed meanwhile, as a Map may. */
  *elements(cell: RowSetCell): Generator<RowEntry> {
    if (!cell.complete && cell.count <= READ_WHOLE) this.#readWhole(cell);
    if (cell.complete) {
      for (const entry of cell.entries.values()) if (entry.value !== undefined) yield entry;
      return;
    }
    if (cell.count <= SORTED) {
      const all = [...this.#unsorted(cell)].sort((a, b) => a.number - b.number);
      // What was removed since is skipped, as it would be in a Map.
      for (const entry of all) if ((cell.entries.get(entry.index) ?? entry).value !== undefined) yield entry;
      return;
    }
    yield* this.#unsorted(cell);
  }

  /** Removes those elements in memory that are past their time. */
  expire(cell: RowSetCell, now: number, policy: TtlPolicy): void {
    let changed = false;
    for (const entry of cell.entries.values()) {
      if (entry.value === undefined || !isExpired(entry, policy, now)) continue;
      if (!changed) this.change(cell);
      changed = true;
      this.remove(cell, entry);
    }
    if (changed && cell.count === 0 && !cell.stored && !cell.voided && cell.dirty.length === 0)
      this.forget(cell);
  }

  override write(cell: RowSetCell): void {
    this.writes++;
    if (cell.voided) this.#removeRows(cell);
    for (const entry of cell.dirty) this.#writeEntry(cell, entry);
    cell.dirty.length = 0;
    const meta = this.#row(cell).u8(Part.META).slice;
    if (cell.count > 0) {
      this.db.put(meta, this.#rows.value.begin().u48(cell.count).u48(cell.next).slice);
      cell.stored = true;
      return;
    }
    if (cell.stored) this.db.remove(meta);
    cell.stored = false;
    if (cell !== this.current) this.drop(cell);
  }

  #writeEntry(cell: RowSetCell, entry: RowEntry): void {
    entry.dirty = false;
    if (entry.value === undefined) {
      const row = this.#elementRow(cell, entry.index, entry.key, entry.number);
      this.#elements.remove(this.db, row, cell, entry);
      if (cell.entries.get(entry.index) === entry) {
        cell.entries.delete(entry.index);
        this.resize(cell, -ENTRY_BYTES);
      }
      return;
    }
    const row = this.#elementRow(cell, entry.index, entry.key, entry.number);
    this.#elements.put(this.db, row, cell, entry);
    entry.storedAs = entry.number;
  }

  #load(index: KeyIndex, key: unknown, namespace: string): RowSetCell | undefined {
    const row = this.#address(this.#rows.key, key, namespace).u8(Part.META);
    const length = this.db.get(row.slice);
    if (length < META_BYTES) return undefined;
    const cell = new RowSetCell(this, index, key, namespace);
    cell.count = this.db.value.readUIntBE(0, 6);
    cell.next = this.db.value.readUIntBE(6, 6);
    cell.complete = false;
    cell.stored = true;
    this.admit(cell);
    return cell;
  }

  #readWhole(cell: RowSetCell): void {
    const all = [...this.#unsorted(cell)].sort((a, b) => a.number - b.number);
    const removed = [...cell.entries.values()].filter((entry) => entry.value === undefined);
    const before = cell.entries.size;
    cell.entries.clear();
    for (const entry of removed) cell.entries.set(entry.index, entry);
    for (const entry of all) cell.entries.set(entry.index, entry);
    cell.complete = true;
    this.resize(cell, ENTRY_BYTES * (cell.entries.size - before));
  }

  /** All elements: those in memory, and those that only have rows. */
  *#unsorted(cell: RowSetCell): Generator<RowEntry> {
    const here = new Set(cell.entries.values());
    for (const entry of here) if (entry.value !== undefined) yield entry;
    const prefix = this.#row(cell).u8(Part.ELEMENT).copy();
    const cursor = this.db.scan(prefix, after(prefix));
    try {
      while (cursor.next()) {
        const entry = this.#elements.read(cursor, prefix.length);
        entry.storedAs = entry.number;
        if (!cell.entries.has(entry.index)) yield entry;
      }
    } finally {
      cursor.close();
    }
  }

  #removeRows(cell: RowSetCell): void {
    const prefix = this.#row(cell).u8(Part.ELEMENT).copy();
    const cursor = this.db.scan(prefix, after(prefix));
    try {
      while (cursor.next()) {
        const entry = this.#elements.read(cursor, prefix.length);
        entry.storedAs = entry.number;
        const row = this.#elementRow(cell, entry.index, entry.key, entry.number);
        this.#elements.remove(this.db, row, cell, entry);
      }
    } finally {
      cursor.close();
    }
    cell.voided = false;
  }

  #keep(cell: RowSetCell, entry: RowEntry, bytes: number): void {
    cell.entries.set(entry.index, entry);
    this.resize(cell, ENTRY_BYTES + bytes);
  }

  /** Lets go of elements of a cell that has grown large while it was in use all the time. */
  #trim(cell: RowSetCell): void {
    if (cell.bytes * 8 < this.shared.memory.limit || cell.entries.size < DIRTY_ENTRIES) return;
    let surplus = cell.entries.size / 2;
    for (const entry of cell.entries.values()) {
      if (surplus-- <= 0) break;
      if (!entry.dirty) cell.entries.delete(entry.index);
    }
    cell.complete = false;
    this.resize(cell, -cell.bytes / 2);
  }

  #row(cell: RowSetCell): RowKey {
    return this.#address(this.#rows.key, cell.key, cell.namespace);
  }

  #elementRow(cell: RowSetCell, index: KeyIndex, key: unknown, number: number): RowKey {
    return this.#elements.address(this.#row(cell).u8(Part.ELEMENT), index, key, number);
  }
}
