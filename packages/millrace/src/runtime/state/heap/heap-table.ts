import { keyIndex, type KeyIndex } from "../../../common/keys/key-index.ts";
import type { NamespaceTable, TableScan } from "../namespace-tables.ts";
import type { KeyKindGuard } from "../restore/key-kind-guard.ts";
import { retainKey } from "../retain.ts";
import { EntryChanges } from "./changes/entry-changes.ts";
import type { ChangeTracking } from "./changes/tracking.ts";
import { ABSENT_ID, IntIndex } from "./int-index.ts";
import { LargeMap } from "./large-map.ts";

/** A removed entry. */
const REMOVED = Symbol("removed");

/** Who takes old images of a table while a snapshot is being written. */
export interface TableImages {
  /** The entry at `position` is about to change for the first time since the snapshot began. */
  beforeFirstChange(position: number): void;
}

/**
 * One table of a namespace: entries at positions that stay, found by an index. The position of a removed entry is used again.
 */
export class HeapTable<V> implements NamespaceTable<V> {
  readonly namespace: number;
  readonly keys: unknown[] = [];
  /** By position; a removed entry's is a mark (see `isThere`). */
  readonly values: (V | typeof REMOVED)[] = [];
  readonly changes: EntryChanges;
  images: TableImages | undefined = undefined;
  readonly #ints = new IntIndex();
  readonly #others = new LargeMap<KeyIndex, number>();
  readonly #free: number[] = [];
  readonly #guard: KeyKindGuard;

  constructor(namespace: number, tracking: ChangeTracking, guard: KeyKindGuard) {
    this.namespace = namespace;
    this.#guard = guard;
    this.changes = new EntryChanges(tracking);
  }

  get size(): number {
    return this.keys.length - this.#free.length;
  }

  get(key: unknown): V | undefined {
    const position = this.#find(key);
    return position < 0 ? undefined : (this.values[position] as V);
  }

  getForUpdate(key: unknown): V | undefined {
    const position = this.#find(key);
    if (position < 0) return undefined;
    if (!this.changes.has(position)) this.#firstChange(position);
    return this.values[position] as V;
  }

  put(key: unknown, value: V): void {
    const position = this.#find(key);
    if (position < 0) {
      this.#add(retainKey(key), value);
    } else {
      if (!this.changes.has(position)) this.#firstChange(position);
      this.values[position] = value;
    }
  }

  remove(key: unknown): void {
    const position = this.#find(key);
    if (position < 0) return;
    if (!this.changes.has(position)) this.#firstChange(position);
    this.changes.remove(position, this.keys[position]);
    if (isInt(key)) this.#ints.remove(key);
    else this.#others.delete(keyIndex(key));
    this.values[position] = REMOVED;
    this.keys[position] = undefined;
    this.#free.push(position);
  }

  /**
   * Puts what a checkpoint holds, as if it had been there all the time.
   *
   * @param isNew whether the key surely isn't there
   */
  load(key: unknown, value: V, isNew: boolean): void {
    const found = isNew ? ABSENT_ID : this.#find(key);
    const position = found < 0 ? this.#newPosition(key) : found;
    this.values[position] = value;
    if (!this.changes.has(position)) this.changes.add(position, true);
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
    if (this.#guard.pending) this.#guard.check(key);
    const position = this.#newPosition(key);
    // A position that is used again may not have changed since the snapshot began.
    if (!this.changes.has(position)) this.changes.add(position, false);
    this.values[position] = value;
  }

  #newPosition(key: unknown): number {
    const position = this.#free.pop() ?? this.keys.length;
    this.keys[position] = key;
    this.changes.reserve(position + 1);
    if (isInt(key)) this.#ints.add(key, position);
    else this.#others.set(keyIndex(key), position);
    return position;
  }

  #firstChange(position: number): void {
    this.images?.beforeFirstChange(position);
    this.changes.add(position, true);
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
