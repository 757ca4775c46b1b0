import { isExpired, keyIndex, type KeyIndex, type TtlPolicy } from "millrace/internal/state-backend";
import type { ElementMap } from "../cache/element-map.ts";
import type { RowSetMap } from "../cache/row-set-map.ts";
import { asSlice } from "../db/slice-buffer.ts";
import type { CollectionRows } from "../rows/collection-rows.ts";
import { timeOfElement } from "../rows/collection-rows.ts";
import { KeyReader } from "../rows/read-key.ts";
import { Part } from "../rows/row-key.ts";
import { namespacedIndex } from "./namespaced-index.ts";
import type { SweptRow, SweptState } from "./row-sweep.ts";

/** Rows of values and accumulators. Those in memory are looked at there. */
export class SweptElements implements SweptState {
  readonly #map: ElementMap;
  readonly #policy: TtlPolicy;
  readonly #namespaced: boolean;
  readonly #reader = new KeyReader();

  constructor(map: ElementMap, policy: TtlPolicy, namespaced: boolean) {
    this.#map = map;
    this.#policy = policy;
    this.#namespaced = namespaced;
  }

  sweep(key: unknown, row: SweptRow, rest: number, now: number): (() => void) | undefined {
    const time = this.#map.timeOf(row.value);
    if (time === undefined || !isExpired({ value: undefined, time }, this.#policy, now)) return undefined;
    const namespace = this.#namespaced ? (this.#reader.at(row.key, rest).key() as string) : "";
    if (this.#map.cells.has(indexOf(key, namespace, this.#namespaced))) return undefined;
    const bytes = asSlice(Buffer.from(row.key.subarray(0, row.keyLength)));
    bytes.end = bytes.length;
    return () => {
      this.#map.writes++;
      this.#map.db.remove(bytes);
    };
  }
}

/** Rows of lists and maps, whose counts must stay right: they are removed through their cells. */
export class SweptRowSets implements SweptState {
  readonly #map: RowSetMap;
  readonly #rows: CollectionRows;
  readonly #policy: TtlPolicy;
  readonly #namespaced: boolean;
  readonly #reader = new KeyReader();

  constructor(map: RowSetMap, rows: CollectionRows, policy: TtlPolicy, namespaced: boolean) {
    this.#map = map;
    this.#rows = rows;
    this.#policy = policy;
    this.#namespaced = namespaced;
  }

  sweep(key: unknown, row: SweptRow, rest: number, now: number): (() => void) | undefined {
    const reader = this.#reader.at(row.key, rest);
    const namespace = this.#namespaced ? (reader.key() as string) : "";
    if (row.key[reader.position] !== Part.ELEMENT) return undefined;
    const time = timeOfElement(this.#rows.codecs, row.value);
    if (time === undefined || !isExpired({ value: undefined, time }, this.#policy, now)) return undefined;
    const element = this.#rows.keyOf(row.key, reader.position + 1);
    return () => {
      const cell = this.#map.obtain(indexOf(key, namespace, this.#namespaced), key, namespace);
      const entry = cell && this.#map.entry(cell, element.index, element.key);
      if (cell === undefined || entry === undefined || !isExpired(entry, this.#policy, now)) return;
      this.#map.change(cell);
      const own = this.#map.entry(cell, element.index, element.key);
      if (own !== undefined) this.#map.remove(cell, own);
    };
  }
}

function indexOf(key: unknown, namespace: string, namespaced: boolean): KeyIndex {
  const index = keyIndex(key);
  return namespaced ? namespacedIndex(index, namespace) : index;
}
