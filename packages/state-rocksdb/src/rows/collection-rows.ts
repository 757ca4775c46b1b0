import { keyIndex, type KeyIndex } from "millrace/internal/state-backend";
import type { ElementRows } from "../cache/row-set-map.ts";
import { RowEntry, type RowSetCell } from "../cache/row-set.ts";
import type { RocksDb } from "../db/rocks-db.ts";
import { KeyReader } from "./read-key.ts";
import type { RowKey } from "./row-key.ts";
import type { RowValue } from "./row-value.ts";
import { U48 } from "./sortable.ts";
import type { ValueCodecs } from "./value-codecs.ts";

/** `u8 encoding | u48 number | f64 time, where it has one | value`: the elements of lists and the entries of maps. */
export abstract class CollectionRows implements ElementRows {
  codecs: ValueCodecs;
  /** What time an element without one gets. */
  now: () => number = () => 0;
  readonly #value: RowValue;

  constructor(codecs: ValueCodecs, value: RowValue) {
    this.codecs = codecs;
    this.#value = value;
  }

  abstract address(row: RowKey, index: KeyIndex, key: unknown, number: number): RowKey;
  /** What an element is found by, and its key, from its row: `at` is where what `address` appended begins. */
  abstract keyOf(bytes: Buffer, at: number): { readonly index: KeyIndex; readonly key: unknown };

  read(
    row: { readonly key: Buffer; readonly value: Buffer; readonly valueLength: number },
    at: number,
  ): RowEntry {
    const { index, key } = this.keyOf(row.key, at);
    return this.readKnown(index, key, row.value, row.valueLength);
  }

  readKnown(index: KeyIndex, key: unknown, bytes: Buffer, length: number): RowEntry {
    const { codecs } = this;
    const encoding = bytes[0]!;
    const timed = codecs.isTimed(encoding);
    const value = codecs.decode(encoding, bytes.subarray(timed ? 15 : 7, length));
    const entry = new RowEntry(index, key, value, bytes.readUIntBE(1, U48));
    if (codecs.timed) entry.time = timed ? bytes.readDoubleLE(7) : this.now();
    return entry;
  }

  /** Elements are of another type from now on, or have a time to live or none. */
  declare(codecs: ValueCodecs, cells: Iterable<RowSetCell>): void {
    const before = this.codecs;
    this.codecs = codecs;
    for (const { entries, key } of cells) {
      for (const entry of entries.values()) {
        if (entry.value === undefined) continue;
        entry.value = codecs.convert(entry.value, before, key);
        if (!before.timed) entry.time = this.now();
      }
    }
  }

  put(db: RocksDb, row: RowKey, cell: RowSetCell, entry: RowEntry): void {
    const { codecs } = this;
    const out = this.#value.begin().u8(codecs.current).u48(entry.number);
    if (codecs.timed) out.f64(entry.time);
    db.put(row.slice, out.append(codecs.encode(entry.value, cell.key)).slice);
  }

  remove(db: RocksDb, row: RowKey): void {
    db.remove(row.slice);
  }
}

/** Elements of lists, told apart and ordered by their numbers. */
export class ListRows extends CollectionRows {
  override address(row: RowKey, index: KeyIndex): RowKey {
    return row.u48(index as number);
  }

  override keyOf(bytes: Buffer, at: number): { readonly index: KeyIndex; readonly key: unknown } {
    return { index: bytes.readUIntBE(at, U48), key: undefined };
  }
}

/** Entries of maps, told apart by their keys. */
export class MapRows extends CollectionRows {
  readonly #reader = new KeyReader();

  override address(row: RowKey, _index: KeyIndex, key: unknown): RowKey {
    return row.key(key);
  }

  override keyOf(bytes: Buffer, at: number): { readonly index: KeyIndex; readonly key: unknown } {
    const key = this.#reader.at(bytes, at).key();
    return { index: keyIndex(key), key };
  }
}

/** The time of a collection's row, where it says one; for the clean-up. */
export function timeOfElement(codecs: ValueCodecs, bytes: Buffer): number | undefined {
  return codecs.isTimed(bytes[0]!) ? bytes.readDoubleLE(7) : undefined;
}
