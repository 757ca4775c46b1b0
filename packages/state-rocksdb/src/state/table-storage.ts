import { ElementMap, type Rows } from "../cache/element-map.ts";
import type { RocksDb } from "../db/rocks-db.ts";
import { Space } from "../rows/row-key.ts";
import type { ValueCodecs } from "../rows/value-codecs.ts";
import type { TableRows } from "./table-rows.ts";

/** Stored rows of a dropped table from which on the next table of its state gets a column family of its own. */
const LARGE = 20_000;

/** Where the tables of one state stand: small ones together, large ones each in a column family, which is dropped whole. */
export class TableStorage {
  codecs: ValueCodecs;
  readonly #rows: Rows;
  readonly #tables: TableRows;
  readonly #keyGroupOf: (key: unknown) => number;
  readonly #open = new Map<number, ElementMap>();
  #large = false;

  constructor(rows: Rows, tables: TableRows, codecs: ValueCodecs, keyGroupOf: (key: unknown) => number) {
    this.#rows = rows;
    this.#tables = tables;
    this.codecs = codecs;
    this.#keyGroupOf = keyGroupOf;
  }

  /** Makes a table without rows. */
  create(): { readonly id: number; readonly map: ElementMap } {
    const id = this.#tables.next++;
    return { id, map: this.#map(id, this.#large ? this.#tables.createFamily(id) : this.#tables.db) };
  }

  /** Opens a table whose rows are there. */
  restore(id: number): ElementMap {
    const map = this.#map(id, this.#tables.familyOf(id));
    map.complete = false;
    map.writes++;
    return map;
  }

  drop(id: number, map: ElementMap): void {
    this.#open.delete(id);
    this.#large = map.writes >= LARGE;
    const written = map.writes > 0;
    map.clear();
    if (written) this.#tables.drop(id);
    else this.#tables.forget(id);
  }

  /** Values are written by these from now on. */
  declare(codecs: ValueCodecs): void {
    this.codecs = codecs;
    for (const map of this.#open.values()) map.declare(codecs);
  }

  #map(id: number, db: RocksDb): ElementMap {
    const address = this.#address(id);
    const map = new ElementMap(this.#rows, db, address, this.codecs);
    this.#open.set(id, map);
    return map;
  }

  #address(id: number): ConstructorParameters<typeof ElementMap>[2] {
    return (row, key) => row.begin(Space.TABLES).u32(id).u16(this.#keyGroupOf(key)).key(key);
  }
}
