import { hashKey } from "../../../../common/keys/hash-key.ts";
import { keyGroupOf } from "../../../../common/keys/key-groups.ts";
import type { StateMeta } from "../../captured-state.ts";
import { deepCopy, NO_CUSTOMS, type Customs } from "../../deep-copy.ts";
import type { StoreDelta } from "../changes/store-delta.ts";
import { bitWords, hasBit, setBit, type BitWords } from "../changes/bits.ts";
import type { HeapTable, TableImages } from "../heap-table.ts";
import { NO_GROUP, type SortSegment } from "./group-sort.ts";

/** What an entry of a table was when the snapshot began. */
export interface TableImage {
  readonly namespace: number;
  readonly key: unknown;
  readonly value: unknown;
}

/** The tables of one state as of the moment of the barrier. A table that is dropped meanwhile lives on here. */
export class TablesSnapshot {
  readonly meta: StateMeta;
  readonly tables: readonly TableSnapshot[];
  /** About how many entries there are. */
  readonly expected: number;
  readonly #images = new Map<number, TableImage[]>();

  /** @param delta what has changed, of which only these entries are taken; undefined for all */
  constructor(
    meta: StateMeta,
    tables: readonly HeapTable<unknown>[],
    delta: StoreDelta | undefined,
    maxParallelism: number,
  ) {
    this.meta = meta;
    const customs = meta.type?.customs ?? NO_CUSTOMS;
    const snapshots: TableSnapshot[] = [];
    let expected = 0;
    for (const table of tables) {
      const changed = delta?.entries.get(table.changes);
      if (delta !== undefined && changed === undefined) continue;
      snapshots.push(new TableSnapshot(table, changed?.changed, customs, maxParallelism, this.#images));
      expected += changed?.count ?? table.size;
    }
    this.tables = snapshots;
    this.expected = expected;
  }

  /** The images of a key group; others may be added until it is written. */
  images(keyGroup: number): readonly TableImage[] | undefined {
    return this.#images.get(keyGroup);
  }

  /** Images of the key group are written. */
  drop(keyGroup: number): void {
    this.#images.delete(keyGroup);
  }

  release(): void {
    for (const table of this.tables) table.release();
    this.#images.clear();
  }
}

/** One table. */
export class TableSnapshot implements TableImages, SortSegment {
  readonly table: HeapTable<unknown>;
  readonly length: number;
  readonly selected: readonly BitWords[] | undefined;
  readonly #changed: BitWords | undefined;
  readonly #customs: Customs;
  readonly #maxParallelism: number;
  /** By position: whether it was written, or will be from an image. Made when it is needed: there may be very many tables. */
  #done: BitWords | undefined;
  readonly #images: Map<number, TableImage[]>;

  constructor(
    table: HeapTable<unknown>,
    changed: BitWords | undefined,
    customs: Customs,
    maxParallelism: number,
    images: Map<number, TableImage[]>,
  ) {
    this.table = table;
    this.length = table.keys.length;
    this.#changed = changed;
    this.selected = changed && [changed];
    this.#customs = customs;
    this.#maxParallelism = maxParallelism;
    this.#images = images;
    table.images = this;
  }

  groupOf(position: number): number {
    return this.#stands(position) ? this.#groupOf(this.table.keys[position]) : NO_GROUP;
  }

  beforeFirstChange(position: number, inPlace: boolean): void {
    if (this.#changed !== undefined && !hasBit(this.#changed, position)) return;
    const done = (this.#done ??= bitWords(this.length));
    if (hasBit(done, position)) return;
    setBit(done, position);
    const key = this.table.keys[position];
    const value: unknown = this.table.values[position];
    const image = {
      namespace: this.table.namespace,
      key,
      value: inPlace ? deepCopy(value, this.#customs) : value,
    };
    const keyGroup = this.#groupOf(key);
    const images = this.#images.get(keyGroup);
    if (images === undefined) this.#images.set(keyGroup, [image]);
    else images.push(image);
  }

  /** Whether a sorted position is to be written from the table itself: it still stands as it did. */
  take(position: number): boolean {
    if (!this.#stands(position)) return false;
    setBit((this.#done ??= bitWords(this.length)), position);
    return true;
  }

  release(): void {
    if (this.table.images === this) this.table.images = undefined;
  }

  #stands(position: number): boolean {
    return !this.table.changes.has(position) && this.table.isThere(position);
  }

  #groupOf(key: unknown): number {
    return keyGroupOf(hashKey(key), this.#maxParallelism);
  }
}
