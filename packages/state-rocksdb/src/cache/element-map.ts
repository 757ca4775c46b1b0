import type { KeyIndex } from "millrace/internal/state-backend";
import { TtlCell } from "millrace/internal/state-backend";
import type { RocksDb } from "../db/rocks-db.ts";
import type { RowKey } from "../rows/row-key.ts";
import type { RowValue } from "../rows/row-value.ts";
import type { ValueCodecs } from "../rows/value-codecs.ts";
import { CellMap, type CacheShared } from "./cell-map.ts";
import { Cell } from "./cell.ts";
import { estimateSize, sizeOfEncoded } from "./estimate-size.ts";

/** What maps of cells read and write rows with. */
export interface Rows extends CacheShared {
  readonly key: RowKey;
  readonly value: RowValue;
}

/** Begins the row key of a cell: its key (and namespace) in its state, or in its table. */
export type RowAddress = (row: RowKey, key: unknown, namespace: string) => RowKey;

/** A value, or an accumulator; undefined is nothing. Under a time to live, in a `TtlCell`. */
export class ElementCell extends Cell {
  value: unknown = undefined;
}

/** Cells of one row each: `u8 encoding | f64 time, where it has one | value`. */
export class ElementMap extends CellMap<ElementCell> {
  codecs: ValueCodecs;
  readonly db: RocksDb;
  readonly #rows: Rows;
  readonly #address: RowAddress;

  constructor(rows: Rows, db: RocksDb, address: RowAddress, codecs: ValueCodecs) {
    super(rows);
    this.#rows = rows;
    this.db = db;
    this.#address = address;
    this.codecs = codecs;
  }

  /** The cell, read if need be; undefined where there is nothing. */
  obtain(index: KeyIndex, key: unknown, namespace: string): ElementCell | undefined {
    const cell = this.resident(index);
    return cell !== undefined || this.complete ? cell : this.#load(index, key, namespace);
  }

  /** A cell for what `obtain` did not find. */
  create(index: KeyIndex, key: unknown, namespace: string, value: unknown): ElementCell {
    this.shared.keyWatch.added(key);
    const cell = new ElementCell(this, index, key, namespace);
    cell.bytes = estimateSize(value instanceof TtlCell ? value.value : value);
    this.admit(cell);
    return cell;
  }

  override write(cell: ElementCell): void {
    const row = this.#address(this.#rows.key, cell.key, cell.namespace);
    this.writes++;
    if (cell.value === undefined) {
      if (cell.stored) this.db.remove(row.slice);
      cell.stored = false;
      if (cell !== this.current) this.drop(cell);
      return;
    }
    const { codecs } = this;
    const out = this.#rows.value.begin().u8(codecs.current);
    const timed = cell.value instanceof TtlCell;
    if (timed) out.f64((cell.value as TtlCell).time);
    const bytes = codecs.encode(timed ? (cell.value as TtlCell).value : cell.value, cell.key);
    this.db.put(row.slice, out.append(bytes).slice);
    cell.stored = true;
  }

  /** A value from the row `bytes`, as it stands in a cell. @param now where it has no time and now needs one */
  decode(bytes: Buffer, length: number, now: () => number): unknown {
    const { codecs } = this;
    const encoding = bytes[0]!;
    const timed = codecs.isTimed(encoding);
    const value = codecs.decode(encoding, bytes.subarray(timed ? 9 : 1, length));
    if (!codecs.timed) return value;
    return new TtlCell(value, timed ? bytes.readDoubleLE(1) : now());
  }

  /** Values are of another type from now on, or have a time to live or none. */
  declare(codecs: ValueCodecs): void {
    const before = this.codecs;
    this.codecs = codecs;
    for (const cell of this.cells.values()) {
      if (cell.value === undefined) continue;
      const { value, time } =
        cell.value instanceof TtlCell ? cell.value : { value: cell.value, time: this.now() };
      const converted = codecs.convert(value, before, cell.key);
      cell.value = codecs.timed ? new TtlCell(converted, time) : converted;
    }
  }

  /** When the row was written, where it says so. */
  timeOf(bytes: Buffer): number | undefined {
    return this.codecs.isTimed(bytes[0]!) ? bytes.readDoubleLE(1) : undefined;
  }

  /** What time a value without one gets. Set by the state, where it has a time to live. */
  now: () => number = () => 0;

  #load(index: KeyIndex, key: unknown, namespace: string): ElementCell | undefined {
    const length = this.db.get(this.#address(this.#rows.key, key, namespace).slice);
    if (length < 0) return undefined;
    const cell = new ElementCell(this, index, key, namespace);
    cell.value = this.decode(this.db.value, length, this.now);
    cell.stored = true;
    cell.bytes = sizeOfEncoded(length);
    this.admit(cell);
    return cell;
  }
}
