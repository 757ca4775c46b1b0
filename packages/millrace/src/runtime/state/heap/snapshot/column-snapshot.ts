import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { CapturedState, StateMeta } from "../../captured-state.ts";
import { bitWords, hasBit, setBit, type BitWords } from "../changes/bits.ts";
import type { Column, ColumnImages } from "../column.ts";
import type { KeyTable } from "../key-table.ts";

/** What a key had in a column when the snapshot began. */
export interface ColumnImage {
  readonly key: unknown;
  readonly state: CapturedState;
  /** What was stored, to end the image of. */
  readonly stored: unknown;
}

/**
 * One column as of the moment of the barrier: what has not changed since stands in the column, what has is kept here as an image, by key group,
 * until it is written.
 */
export class ColumnSnapshot implements ColumnImages {
  readonly column: Column;
  readonly meta: StateMeta;
  /** Only these keys, by id; undefined for all. */
  readonly selected: BitWords | undefined;
  readonly #keys: KeyTable;
  readonly #now: Timestamp;
  /** By id: whether it was written, or will be from an image. */
  readonly #done: BitWords;
  readonly #images = new Map<number, ColumnImage[]>();

  constructor(
    keys: KeyTable,
    column: Column,
    meta: StateMeta,
    selected: BitWords | undefined,
    now: Timestamp,
  ) {
    this.#keys = keys;
    this.column = column;
    this.meta = meta;
    this.selected = selected;
    this.#now = now;
    this.#done = bitWords(keys.keys.length);
    column.images = this;
  }

  beforeFirstChange(id: number, stored: unknown): void {
    if (this.selected !== undefined && !hasBit(this.selected, id)) return;
    if (!hasBit(this.#done, id)) this.#keep(id, stored);
  }

  /** What is to be written of a key from the column itself; undefined where there is nothing, or an image. */
  take(id: number): unknown {
    const { column, selected } = this;
    const stored = column.values[id];
    if (stored === undefined || column.changes.has(id)) return undefined;
    if (selected !== undefined && !hasBit(selected, id)) return undefined;
    setBit(this.#done, id);
    return stored;
  }

  /** Takes an image of what `take` answered, to be read with breaks. */
  image(stored: unknown): CapturedState | undefined {
    return this.column.layout.image(stored, this.#now);
  }

  /** The images of a key group; others may be added until it is written. */
  images(keyGroup: number): readonly ColumnImage[] | undefined {
    return this.#images.get(keyGroup);
  }

  /** Images of the key group are written. */
  drop(keyGroup: number): void {
    for (const { stored } of this.#images.get(keyGroup) ?? []) this.column.layout.releaseImage(stored);
    this.#images.delete(keyGroup);
  }

  release(): void {
    if (this.column.images === this) this.column.images = undefined;
    for (const keyGroup of this.#images.keys()) this.drop(keyGroup);
  }

  #keep(id: number, stored: unknown): void {
    setBit(this.#done, id);
    const state = this.image(stored);
    if (state === undefined) return;
    const keyGroup = this.#keys.keyGroups[id]!;
    const images = this.#images.get(keyGroup);
    const image = { key: this.#keys.keys[id], state, stored };
    if (images === undefined) this.#images.set(keyGroup, [image]);
    else images.push(image);
  }
}
