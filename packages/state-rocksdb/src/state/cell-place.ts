import { retainKey, type KeyIndex } from "millrace/internal/state-backend";
import type { Cell } from "../cache/cell.ts";
import type { CurrentKey } from "./current-key.ts";
import { namespacedIndex } from "./namespaced-index.ts";

/** What a place asks of its map. */
interface PlacedCells<C extends Cell> {
  current: C | undefined;
  readonly complete: boolean;
  resident(index: KeyIndex): C | undefined;
  obtain(index: KeyIndex, key: unknown, namespace: string): C | undefined;
}

/** Finds a state's cell of the current key (and namespace), once for each record. */
export class CellPlace<C extends Cell> {
  readonly keys: CurrentKey;
  readonly map: PlacedCells<C>;
  /** Of the last `peek`: whether there may be a row that was not read. */
  unread = false;
  readonly #namespaced: boolean;
  #namespace = "";
  #serial = 0;

  constructor(keys: CurrentKey, map: PlacedCells<C>, namespaced: boolean) {
    this.keys = keys;
    this.map = map;
    this.#namespaced = namespaced;
  }

  get namespace(): string {
    return this.#namespace;
  }

  set namespace(namespace: string) {
    if (namespace === this.#namespace) return;
    this.#namespace = namespace;
    this.#serial = 0;
  }

  /** The cell; undefined where nothing is stored. @throws STATE_MISUSE without a current key */
  find(): C | undefined {
    const { keys } = this;
    if (this.#serial === keys.serial) return this.map.current;
    const key = keys.get();
    const cell = this.map.obtain(this.#index(), key, this.#namespace);
    this.map.current = cell;
    this.#serial = keys.serial;
    return cell;
  }

  /**
   * The cell as far as it can be told without reading: for who replaces it in any case. Where it finds none, `unread` tells whether there
   * may be one all the same.
   */
  peek(): C | undefined {
    const { keys } = this;
    this.unread = false;
    if (this.#serial === keys.serial) return this.map.current;
    keys.get();
    const cell = this.map.resident(this.#index());
    this.unread = cell === undefined && !this.map.complete;
    if (cell === undefined) return undefined;
    this.map.current = cell;
    this.#serial = keys.serial;
    return cell;
  }

  /** Makes the cell that `find` did not find. The key was checked and copied. */
  create(make: (index: KeyIndex, key: unknown, namespace: string) => C): C {
    const key = this.keys.get();
    // Keys of other subtasks are noticed here, where they would begin to be kept.
    this.keys.keyGroupOf(key);
    const cell = make(this.#index(), retainKey(key), this.#namespace);
    this.map.current = cell;
    this.#serial = this.keys.serial;
    return cell;
  }

  #index(): KeyIndex {
    return this.#namespaced ? namespacedIndex(this.keys.index, this.#namespace) : this.keys.index;
  }
}
