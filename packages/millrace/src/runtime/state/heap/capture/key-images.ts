import type { CapturedState } from "../../captured-state.ts";
import { ChangeBits } from "../change-bits.ts";
import type { Column } from "../column.ts";
import type { ImageTaker, KeyTable } from "../key-table.ts";

/** What a key's states were when the capture began. */
export interface KeyImage {
  readonly key: unknown;
  /** By column; undefined where nothing was stored. */
  readonly states: readonly (CapturedState | undefined)[];
  /** What was stored, to end the images of. */
  readonly stored: readonly unknown[];
}

/** The old images of keys that changed after a capture had begun and before it came to them. */
export class KeyImages implements ImageTaker {
  readonly #keys: KeyTable;
  readonly #columns: readonly Column[];
  readonly #images = new Map<number, KeyImage>();
  readonly #read = new ChangeBits();
  /** Ids from here on are newer than the capture. */
  readonly #end: number;

  constructor(keys: KeyTable, columns: readonly Column[]) {
    this.#keys = keys;
    this.#columns = columns;
    this.#end = keys.keys.length;
    this.#read.reserve(this.#end);
  }

  beforeFirstChange(id: number): void {
    if (id >= this.#end || this.#read.has(id)) return;
    const stored = this.#columns.map((column) => column.values[id]);
    const states = stored.map((each, i) =>
      each === undefined ? undefined : this.#columns[i]!.layout.image(each),
    );
    this.#images.set(id, { key: this.#keys.keys[id], states, stored });
  }

  get(id: number): KeyImage | undefined {
    return this.#images.get(id);
  }

  /** The key was read: from now on it may change. */
  markRead(id: number): void {
    this.#read.add(id);
    const image = this.#images.get(id);
    if (image === undefined) return;
    this.#endImage(image);
    this.#images.delete(id);
  }

  dropAll(): void {
    for (const image of this.#images.values()) this.#endImage(image);
    this.#images.clear();
  }

  #endImage({ stored }: KeyImage): void {
    stored.forEach((each, i) => {
      if (each !== undefined) this.#columns[i]!.layout.releaseImage(each);
    });
  }
}
