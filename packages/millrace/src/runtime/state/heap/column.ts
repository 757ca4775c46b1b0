import type { KeyColumn, KeyTable } from "./key-table.ts";
import type { Layout } from "./layout.ts";
import type { Place } from "./place.ts";

/** One state of all keys: what is stored stands at the key's id. As a `Place`, that of the current key. */
export class Column implements Place, KeyColumn {
  /** By id; undefined where nothing is stored. */
  readonly values: unknown[] = [];
  layout: Layout;
  readonly #keys: KeyTable;
  /** Where the rolling clean-up stands. */
  #sweepAt = 0;

  constructor(keys: KeyTable, layout: Layout) {
    this.#keys = keys;
    this.layout = layout;
    keys.addColumn(this);
  }

  reserve(id: number): void {
    if (id === this.values.length) this.values.push(undefined);
  }

  get(): unknown {
    const id = this.#keys.id;
    return id < 0 ? this.#keys.none() : this.values[id];
  }

  getForChange(): unknown {
    const id = this.#keys.id;
    if (id < 0) return this.#keys.none();
    this.#keys.beforeChange(id);
    return this.values[id];
  }

  set(stored: unknown): void {
    const id = this.#keys.idForChange();
    if (this.values[id] === undefined) this.#keys.occupy(id);
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
    this.#keys.beforeChange(id);
    this.values[id] = undefined;
    this.#keys.vacate(id);
  }

  /** Stores everything by another layout; `convert` where they store differently. */
  relayout(layout: Layout, convert: boolean): void {
    if (convert) {
      this.values.forEach((stored, id) => {
        if (stored !== undefined) this.values[id] = layout.restore(this.layout.capture(stored));
      });
    }
    this.layout = layout;
  }

  /** Looks at the next `count` keys and forgets what is past its time. */
  sweep(count: number, now: number): void {
    const { values } = this;
    for (let i = Math.min(count, values.length); i > 0; i--) {
      if (this.#sweepAt >= values.length) this.#sweepAt = 0;
      const id = this.#sweepAt++;
      const stored = values[id];
      if (stored === undefined) continue;
      const left = this.layout.sweep(stored, now, count, this.#keys, id);
      if (left === stored) continue;
      if (left === undefined) {
        this.clearAt(id);
      } else {
        this.#keys.beforeChange(id);
        values[id] = left;
      }
    }
  }
}
