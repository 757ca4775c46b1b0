import { hashKey } from "../../../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../../../common/keys/key-groups.ts";
import { deepCopy, type Customs } from "../../deep-copy.ts";
import type { KeyGroupRange } from "../../keyed-state.ts";
import { ChangeBits } from "../change-bits.ts";
import type { HeapTable } from "../heap-table.ts";
import { GroupSort, NO_GROUP } from "./group-sort.ts";

/** What an entry was when the capture began. */
interface TableImage {
  readonly key: unknown;
  readonly value: unknown;
}

/** One table as it was when a capture began. A table that is dropped meanwhile lives on here. */
export class TableCapture {
  readonly table: HeapTable<unknown>;
  readonly #customs: Customs;
  readonly #maxParallelism: number;
  readonly #groups: Uint16Array;
  readonly #sort: GroupSort;
  readonly #images = new Map<number, TableImage>();
  readonly #read = new ChangeBits();
  #hashed = 0;

  constructor(table: HeapTable<unknown>, customs: Customs, maxParallelism: number, keyGroups: KeyGroupRange) {
    this.table = table;
    this.#customs = customs;
    this.#maxParallelism = maxParallelism;
    this.#groups = new Uint16Array(table.keys.length);
    this.#sort = new GroupSort(this.#groups, keyGroups);
    this.#read.reserve(table.keys.length);
    table.changed.clear();
  }

  beforeFirstChange(position: number, inPlace: boolean): void {
    if (position >= this.#groups.length || this.#read.has(position)) return;
    const value: unknown = this.table.values[position];
    const key = this.table.keys[position];
    this.#images.set(position, { key, value: inPlace ? deepCopy(value, this.#customs) : value });
  }

  /** Finds the key groups of up to `limit` more entries; true when all are known and sorted. */
  prepare(limit: number): boolean {
    const groups = this.#groups;
    if (this.#hashed === groups.length) return this.#sort.advance(limit);
    const end = Math.min(this.#hashed + limit, groups.length);
    for (let i = this.#hashed; i < end; i++) {
      const key = this.table.isThere(i) ? this.table.keys[i] : this.#images.get(i)?.key;
      groups[i] = key === undefined ? NO_GROUP : keyGroupOf(hashKey(key), this.#maxParallelism);
    }
    this.#hashed = end;
    return false;
  }

  /** The entries of a key group, each once. */
  *read(keyGroup: number): Generator<readonly [key: unknown, value: unknown]> {
    const { table } = this;
    for (const position of this.#sort.positions(keyGroup)) {
      const image = this.#images.get(position);
      this.#read.add(position);
      if (image === undefined) {
        yield [table.keys[position], table.values[position]];
      } else {
        this.#images.delete(position);
        yield [image.key, image.value];
      }
    }
  }
}
