import type { CapturedEntry } from "../../captured-state.ts";
import type { RestoreSink } from "../../restore/restored-state.ts";
import { retain } from "../../retain.ts";
import type { Column } from "../column.ts";
import type { KeyTable } from "../key-table.ts";

/** Puts what was restored of a state into its column. */
export class ColumnLoader implements RestoreSink {
  readonly #keys: KeyTable;
  readonly #column: Column;
  /** Whether there is no other state that may have the keys. */
  #first = false;

  constructor(keys: KeyTable, column: Column) {
    this.#keys = keys;
    this.#column = column;
  }

  begin(changes: boolean): void {
    this.#first = !changes && this.#keys.size === 0;
  }

  removeNamespace(): void {}

  remove(key: unknown): void {
    const id = this.#keys.find(key);
    if (id >= 0) this.#column.clearAt(id);
  }

  put({ key, value }: CapturedEntry, keyGroup: number): void {
    const stored = this.#column.layout.restore(value);
    if (stored === undefined) this.remove(key);
    else this.#column.load(this.#keys.idOfStored(retain(key), keyGroup, this.#first), stored);
  }

  end(): void {}
}
