import { keyIndex, type KeyIndex } from "../../../common/keys/key-index.ts";
import type { NamespaceTable, TableScan } from "../namespace-tables.ts";
import { ChangeBits } from "./change-bits.ts";
import { ABSENT_ID, IntIndex } from "./int-index.ts";
import { LargeMap } from "./large-map.ts";
import { retainKey } from "../retain.ts";

/** A removed entry. */
const REMOVED = Symbol("removed");

/** What tables share with their store: who takes images while a snapshot is being written. */
export interface TableImages {
  readonly tableImages: TableImageTaker | undefined;
}

export interface TableImageTaker {
  /** The entry at `position` is about to change for the first time since the snapshot began; `inPlace`: its value itself is. */
  beforeFirstTableChange(table: HeapTable<unknown>, position: number, inPlace: boolean): void;
}

/**
 * One table of a namespace: entries at dense positions, in the order they came, found by an index. Positions stay until
 * the table is dropped; a removed entry leaves a hole.
 */
export class HeapTable<V> implements NamespaceTable<V> {
  readonly namespace: number;
  readonly keys: unknown[] = [];
  /** By position; a removed entry's is a mark (see `isThere`). */
  readonly values: (V | typeof REMOVED)[] = [];
  /** By position: whether it has changed, or was added, since the last snapshot began. */
  readonly changed = new ChangeBits();
  readonly #images: TableImages;
  readonly #ints = new IntIndex();
  readonly #others = new LargeMap<KeyIndex, number>();
  #holes = 0;

  constructor(namespace: number, images: TableImages) {
    this.namespace = namespace;
    this.#images = images;
  }

  get size(): number {
    return this.keys.length - this.#holes;
  }

  get(key: unknown): V | undefined {
    const position = this.#find(key);
    return position < 0 ? undefined : (this.values[position] as V);
  }

  getForUpdate(key: unknown): V | undefined {
    const position = this.#find(key);
    if (position < 0) return undefined;
    if (!this.changed.has(position)) this.#firstChange(position, true);
    return this.values[position] as V;
  }

  put(key: unknown, value: V): void {
    const position = this.#find(key);
    if (position < 0) {
      this.#add(retainKey(key), value);
    } else {
      if (!this.changed.has(position)) this.#firstChange(position, false);
      this.values[position] = value;
    }
  }

  remove(key: unknown): void {
    const position = this.#find(key);
    if (position < 0) return;
    if (!this.changed.has(position)) this.#firstChange(position, false);
    if (isInt(key)) this.#ints.remove(key);
    else this.#others.delete(keyIndex(key));
    this.values[position] = REMOVED;
    this.keys[position] = undefined;
    this.#holes++;
  }

  scan(): TableScan<V> {
    return new HeapTableScan(this);
  }

  /** Whether the entry at a position was not removed. */
  isThere(position: number): boolean {
    return this.values[position] !== REMOVED;
  }

  #find(key: unknown): number {
    if (isInt(key)) return this.#ints.find(key);
    return this.#others.get(keyIndex(key)) ?? ABSENT_ID;
  }

  #add(key: unknown, value: V): void {
    const position = this.keys.length;
    this.changed.reserve(position + 1);
    this.keys.push(key);
    this.values.push(value);
    this.changed.add(position);
    if (isInt(key)) this.#ints.add(key, position);
    else this.#others.set(keyIndex(key), position);
  }

  #firstChange(position: number, inPlace: boolean): void {
    this.#images.tableImages?.beforeFirstTableChange(this, position, inPlace);
    this.changed.add(position);
  }
}

function isInt(key: unknown): key is number {
  return typeof key === "number" && (key | 0) === key;
}

class HeapTableScan<V> implements TableScan<V> {
  readonly #table: HeapTable<V>;
  #position = -1;

  constructor(table: HeapTable<V>) {
    this.#table = table;
  }

  get key(): unknown {
    return this.#table.keys[this.#position];
  }

  get value(): V {
    return this.#table.values[this.#position] as V;
  }

  next(): boolean {
    const { keys } = this.#table;
    while (++this.#position < keys.length) {
      if (this.#table.isThere(this.#position)) return true;
    }
    return false;
  }
}
