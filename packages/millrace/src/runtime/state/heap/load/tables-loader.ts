import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { CapturedEntry } from "../../captured-state.ts";
import type { RestoreSink } from "../../restore/restored-state.ts";
import { retain } from "../../retain.ts";
import type { HeapTable } from "../heap-table.ts";
import type { HeapTables } from "../heap-tables.ts";

/** Puts what was restored of a state into its tables. */
export class TablesLoader implements RestoreSink {
  readonly #tables: HeapTables<unknown>;
  readonly #keep: (value: unknown) => unknown;
  /** The one used last: a key group's entries of a table come in a row. */
  #table: HeapTable<unknown> | undefined;
  /** The keys of the key group at hand by namespace, where some may go again. */
  #loaded: Map<number, unknown[]> | undefined;
  #keyGroup = -1;

  /** @param keep makes a decoded value fit to be kept */
  constructor(tables: HeapTables<unknown>, keep: (value: unknown) => unknown) {
    this.#tables = tables;
    this.#keep = keep;
  }

  begin(changes: boolean): void {
    if (changes) this.#loaded = new Map();
  }

  removeNamespace(namespace: number, keyGroup: number): void {
    this.#enter(keyGroup);
    const table = this.#tables.get(namespace);
    for (const key of this.#loaded?.get(namespace) ?? []) table?.remove(key);
    this.#loaded?.delete(namespace);
  }

  remove(key: unknown, namespace: number | undefined): void {
    if (namespace !== undefined) this.#tables.get(namespace)?.remove(key);
  }

  put({ key, namespace, value }: CapturedEntry, keyGroup: number): void {
    if (value.kind !== "element" || namespace === undefined)
      throw new MillraceError("INTERNAL", `a table is restored from ${value.kind}`);
    if (this.#table?.namespace !== namespace) this.#table = this.#tables.load(namespace);
    const kept = retain(key);
    this.#table.load(kept, this.#keep(value.value), this.#loaded === undefined);
    if (this.#loaded === undefined) return;
    this.#enter(keyGroup);
    const keys = this.#loaded.get(namespace);
    if (keys === undefined) this.#loaded.set(namespace, [kept]);
    else keys.push(kept);
  }

  /** Windows of which nothing is left are no windows. */
  end(): void {
    for (const { namespace, size } of this.#tables.all()) if (size === 0) this.#tables.drop(namespace);
  }

  #enter(keyGroup: number): void {
    if (keyGroup === this.#keyGroup) return;
    this.#keyGroup = keyGroup;
    this.#loaded?.clear();
  }
}
