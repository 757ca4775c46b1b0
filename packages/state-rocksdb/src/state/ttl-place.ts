import { isExpired, TtlCell, type Place, type TtlPolicy } from "millrace/internal/state-backend";
import type { CurrentKey } from "./current-key.ts";
import type { Sweeper } from "./sweeper.ts";

/** A place whose value has a time to live: what is past it is forgotten when it is asked for. */
export class RocksTtlPlace implements Place {
  readonly #inner: Place;
  readonly #keys: CurrentKey;
  readonly #policy: TtlPolicy;
  readonly #sweeper: Sweeper;

  constructor(inner: Place, keys: CurrentKey, policy: TtlPolicy, sweeper: Sweeper) {
    this.#inner = inner;
    this.#keys = keys;
    this.#policy = policy;
    this.#sweeper = sweeper;
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

  /** What may be handed out. What is past its time is dropped now, even if it is handed out once more. */
  #cell(now: number): TtlCell | undefined {
    const cell = this.#inner.get() as TtlCell | undefined;
    const expired = cell !== undefined && isExpired(cell, this.#policy, now);
    if (expired) this.#inner.clear();
    this.#sweeper.step(this.#policy.cleanupPerAccess, now);
    return expired && !this.#policy.returnExpired ? undefined : cell;
  }
}
