import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { CapturedState, StateMeta } from "../../captured-state.ts";
import { hasBit, type BitWords } from "../changes/bits.ts";
import type { Column, ColumnImages } from "../column.ts";
import type { KeyTable } from "../key-table.ts";
import type { PartRows } from "./part-rows.ts";

/** What a key had in a column when the snapshot began. */
export interface ColumnImage {
  readonly key: unknown;
  readonly keyGroup: number;
  readonly state: CapturedState | undefined;
  /** What was stored, to end the image of. */
  readonly stored: unknown;
}

/**
 * One column as of the moment of the barrier. It is written in the order of its ids, which is about that of memory; what is about to change
 * before its turn is written at once where it is a single element, which costs less than a copy, and kept here as an image where it is a list
 * or map, of which an image is cheap.
 */
export class ColumnSnapshot implements ColumnImages {
  readonly column: Column;
  readonly meta: StateMeta;
  /** The state's index in the part. */
  readonly state: number;
  /** Only these keys, by id; undefined for all. */
  readonly selected: BitWords | undefined;
  /** Ids that there were. */
  readonly length: number;
  /** Ids below have been looked at. */
  cursor = 0;
  /** Images that wait to be written; more may come while the column is being written. */
  readonly images: ColumnImage[] = [];
  readonly #keys: KeyTable;
  readonly #now: Timestamp;
  readonly #rows: PartRows;

  constructor(
    keys: KeyTable,
    column: Column,
    meta: StateMeta,
    state: number,
    selected: BitWords | undefined,
    now: Timestamp,
    rows: PartRows,
  ) {
    this.#keys = keys;
    this.column = column;
    this.meta = meta;
    this.state = state;
    this.selected = selected;
    this.length = keys.keys.length;
    this.#now = now;
    this.#rows = rows;
    column.images = this;
  }

  beforeFirstChange(id: number, stored: unknown): void {
    if (id < this.cursor || id >= this.length) return;
    if (this.selected !== undefined && !hasBit(this.selected, id)) return;
    const { layout } = this.column;
    const key = this.#keys.keys[id];
    const keyGroup = this.#keys.keyGroups[id]!;
    if (layout.single)
      this.#rows.putBeforeChange(keyGroup, this.state, undefined, key, layout.capture(stored, this.#now));
    else this.images.push({ key, keyGroup, state: layout.image(stored, this.#now), stored });
  }

  /** What is to be written of a key from the column itself; undefined where there is nothing, or it has changed since. */
  take(id: number): unknown {
    const { column } = this;
    const stored = column.values[id];
    return stored === undefined || column.changes.has(id) ? undefined : stored;
  }

  release(): void {
    if (this.column.images === this) this.column.images = undefined;
    for (const { stored } of this.images.splice(0)) this.column.layout.releaseImage(stored);
  }
}
