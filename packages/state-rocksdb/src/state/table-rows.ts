import type { WriteBack } from "../cache/write-back.ts";
import type { RocksDb } from "../db/rocks-db.ts";
import { asSlice } from "../db/slice-buffer.ts";
import { after, RowKey, Space } from "../rows/row-key.ts";

/** Rows of dropped tables that are removed at a time. */
const SLICE = 256;

/** The rows of all tables of a store: which column families there are, and what is left of dropped tables. */
export class TableRows {
  readonly db: RocksDb;
  /** The id of the next table. */
  next = 1;
  /** Dropped tables whose rows are still there. */
  readonly dropped: number[] = [];
  readonly #openFamily: (name: string) => RocksDb;
  readonly #writeBack: WriteBack;
  readonly #families = new Map<number, RocksDb>();

  constructor(db: RocksDb, writeBack: WriteBack, openFamily: (name: string) => RocksDb) {
    this.db = db;
    this.#writeBack = writeBack;
    this.#openFamily = openFamily;
  }

  /** Column families besides the default one, by the table they hold. */
  get families(): ReadonlyMap<number, RocksDb> {
    return this.#families;
  }

  createFamily(id: number): RocksDb {
    const family = this.#openFamily(familyName(id));
    this.#families.set(id, family);
    return family;
  }

  /** Where a restored table's rows stand. */
  familyOf(id: number): RocksDb {
    if (!this.db.families.includes(familyName(id))) return this.db;
    return this.#families.get(id) ?? this.createFamily(id);
  }

  /** The table's rows are not needed any more. */
  drop(id: number): void {
    this.dropped.push(id);
    this.clean();
  }

  /** The table has no rows. */
  forget(id: number): void {
    if (this.#families.has(id)) this.drop(id);
  }

  /** Removes a slice of the rows of dropped tables, if it may; true when there are none left. */
  clean(): boolean {
    if (this.#writeBack.held) return false;
    // Column families go at once, whoever is before them.
    for (const id of this.dropped.filter((each) => this.#families.has(each))) {
      this.#families.get(id)?.drop();
      this.#families.delete(id);
      this.#done(id);
    }
    const [first] = this.dropped;
    if (first !== undefined && this.#removeRows(first)) this.#done(first);
    return this.dropped.length === 0;
  }

  close(): void {
    for (const family of this.#families.values()) family.close();
    this.#families.clear();
  }

  #done(id: number): void {
    this.dropped.splice(this.dropped.indexOf(id), 1);
  }

  #removeRows(id: number): boolean {
    const prefix = new RowKey().begin(Space.TABLES).u32(id).copy();
    const cursor = this.db.scan(prefix, after(prefix));
    for (let i = 0; cursor.next(); i++) {
      const row = asSlice(Buffer.from(cursor.key.subarray(0, cursor.keyLength)));
      row.end = row.length;
      this.db.remove(row);
      if (i < SLICE) continue;
      cursor.close();
      return false;
    }
    return true;
  }
}

/** The column family of a table. */
export function familyName(id: number): string {
  return `table-${id}`;
}
