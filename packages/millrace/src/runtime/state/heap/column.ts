import { EntryChanges } from "./changes/entry-changes.ts";
import type { ChangeTracking } from "./changes/tracking.ts";
import type { KeyColumn, KeyTable } from "./key-table.ts";
import type { ChangeGuard, Layout } from "./layout.ts";
import type { Place } from "./place.ts";

/** Who takes old images of a column while a snapshot is being written. */
export interface ColumnImages {
  /** What is stored for the key `id` is about to change for the first time since the snapshot began. */
  beforeFirstChange(id: number, stored: unknown): void;
}

/**
 * One state of all keys: what is stored stands at the key's id. As a `Place`, that of the current key.
 *
 * Before anything stored changes, be it replaced, removed, or handed out to be changed in place, it is asked whether it has changed
 * since the last snapshot began; the first change since then goes through the image taker.
 */
export class Column implements Place, KeyColumn, ChangeGuard {
  /** By id; undefined where nothing is stored. */
  readonly values: unknown[] = [];
  readonly layout: Layout;
  readonly changes: EntryChanges;
  /** Keys for which something is stored. */
  count = 0;
  images: ColumnImages | undefined = undefined;
  readonly #keys: KeyTable;
  /** Where the rolling clean-up stands. */
  #sweepAt = 0;

  constructor(keys: KeyTable, layout: Layout, tracking: ChangeTracking) {
    this.#keys = keys;
    this.layout = layout;
    this.changes = new EntryChanges(tracking);
    keys.addColumn(this);
  }

  reserve(id: number): void {
    if (id !== this.values.length) return;
    this.values.push(undefined);
    this.changes.reserve(id + 1);
  }

  get(): unknown {
    const id = this.#keys.id;
    return id < 0 ? this.#keys.none() : this.values[id];
  }

  getForChange(): unknown {
    const id = this.#keys.id;
    if (id < 0) return this.#keys.none();
    if (!this.changes.has(id)) this.#firstChange(id);
    return this.values[id];
  }

  set(stored: unknown): void {
    const id = this.#keys.idOrNew();
    if (!this.changes.has(id)) this.#firstChange(id);
    if (this.values[id] === undefined) this.#occupy(id);
    this.values[id] = stored;
  }

  clear(): void {
    const id = this.#keys.id;
    if (id < 0) this.#keys.none();
    else this.clearAt(id);
  }

  /** Removes what is stored for the key `id`. */
  clearAt(id: number): void {
    if (this.values[id] === undefined) return;
    this.beforeChange(id);
    this.changes.remove(id, this.#keys.keys[id]);
    this.values[id] = undefined;
    this.count--;
    this.#keys.vacate(id);
  }

  beforeChange(id: number): void {
    if (!this.changes.has(id)) this.#firstChange(id);
  }

  /** Puts what a checkpoint holds, as if it had been there all the time. */
  load(id: number, stored: unknown): void {
    if (this.values[id] === undefined) this.#occupy(id);
    this.values[id] = stored;
    if (!this.changes.has(id)) this.changes.add(id, true);
  }

  /** Looks at the next `count` keys and forgets what is past its time. */
  sweep(count: number, now: number): void {
    const { values } = this;
    for (let i = Math.min(count, values.length); i > 0; i--) {
      if (this.#sweepAt >= values.length) this.#sweepAt = 0;
      const id = this.#sweepAt++;
      const stored = values[id];
      if (stored === undefined) continue;
      const left = this.layout.sweep(stored, now, count, this, id);
      if (left === stored) continue;
      if (left === undefined) {
        this.clearAt(id);
      } else {
        this.beforeChange(id);
        values[id] = left;
      }
    }
  }

  #occupy(id: number): void {
    this.count++;
    this.#keys.occupy(id);
  }

  #firstChange(id: number): void {
    const stored = this.values[id];
    if (stored !== undefined) this.images?.beforeFirstChange(id, stored);
    this.changes.add(id, stored !== undefined);
  }
}
