import type { Column } from "./column.ts";
import type { KeyTable } from "./key-table.ts";
import type { Place } from "./place.ts";
import { isExpired, TtlCell, type TtlPolicy } from "./ttl.ts";

/**
 * A place whose value has a time to live: what is past it is forgotten when it is asked for, and a few other keys are
 * looked at in passing.
 */
export class TtlPlace implements Place {
  readonly #inner: Place;
  readonly #column: Column;
  readonly #keys: KeyTable;
  readonly #policy: TtlPolicy;

  constructor(inner: Place, column: Column, keys: KeyTable, policy: TtlPolicy) {
    this.#inner = inner;
    this.#column = column;
    this.#keys = keys;
    this.#policy = policy;
  }

  get(): unknown {
    const now = this.#keys.now();
    const cell = this.#cell(now);
    if (cell === undefined) return undefined;
    if (this.#policy.touchOnRead && cell.time < now && !isExpired(cell, this.#policy, now))
      this.set(cell.value);
    return cell.value;
  }

  getForChange(): unknown {
    const cell = this.#cell(this.#keys.now());
    if (cell === undefined) return undefined;
    this.#inner.getForChange();
    this.set(cell.value);
    return cell.value;
  }

  set(value: unknown): void {
    this.#inner.set(new TtlCell(value, this.#keys.now()));
  }

  clear(): void {
    this.#inner.clear();
  }

  /** The cell where it may be handed out. One past its time is dropped now, even if it is handed out once more. */
  #cell(now: number): TtlCell | undefined {
    const cell = this.#inner.get() as TtlCell | undefined;
    const expired = cell !== undefined && isExpired(cell, this.#policy, now);
    if (expired) this.#inner.clear();
    this.#column.sweep(this.#policy.cleanupPerAccess, now);
    return expired && !this.#policy.returnExpired ? undefined : cell;
  }
}
