import type { WriteBack } from "../cache/write-back.ts";
import type { RocksDb } from "../db/rocks-db.ts";
import { KeyReader } from "../rows/read-key.ts";
import { Space } from "../rows/row-key.ts";

/** Rows that are looked at in one go: a scan has to be begun for them. */
const ROWS = 64;

/** A state whose rows have times. */
export interface SweptState {
  /**
   * Looks at a row of the key `key`; `rest` is where the row's key goes on behind the state's number. Answers what removes it, where it
   * is past its time: called when the walk is over.
   */
  sweep(key: unknown, row: SweptRow, rest: number, now: number): (() => void) | undefined;
}

/** A row as the clean-up sees it: valid during the call. */
export interface SweptRow {
  readonly key: Buffer;
  readonly keyLength: number;
  readonly value: Buffer;
  readonly valueLength: number;
}

/** Removes rows that are past their time, a few dozen at a time, round and round. */
export class RowSweep {
  readonly states = new Map<number, SweptState>();
  readonly #db: RocksDb;
  readonly #writeBack: WriteBack;
  readonly #reader = new KeyReader();
  #owed = 0;
  #from: Uint8Array = Uint8Array.of(Space.KEYED);

  constructor(db: RocksDb, writeBack: WriteBack) {
    this.#db = db;
    this.#writeBack = writeBack;
  }

  /** So many more rows are to be looked at, when enough have come together. */
  owe(count: number, now: number): void {
    this.#owed += count;
    if (this.#owed < ROWS || this.#writeBack.held) return;
    this.#owed = 0;
    this.#step(now);
  }

  #step(now: number): void {
    const after: (() => void)[] = [];
    const cursor = this.#db.scan(this.#from, Uint8Array.of(Space.KEYED + 1));
    this.#from = Uint8Array.of(Space.KEYED);
    for (let i = 0; cursor.next(); i++) {
      if (i === ROWS) {
        this.#from = new Uint8Array(cursor.key.subarray(0, cursor.keyLength));
        cursor.close();
        break;
      }
      const reader = this.#reader.at(cursor.key, 3);
      const key = reader.key();
      const state = this.states.get(cursor.key.readUInt16BE(reader.position));
      const remove = state?.sweep(key, cursor, reader.position + 2, now);
      if (remove !== undefined) after.push(remove);
    }
    for (const remove of after) remove();
  }
}
