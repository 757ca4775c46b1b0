import { hashKey, keyGroupOf, keyIndex, MillraceError, preview } from "millrace/internal/state-backend";
import type { Clock, KeyGroupRange, KeyIndex } from "millrace/internal/state-backend";

/** Settings of a store's current key. */
export interface CurrentKeyOptions {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly clock: Clock;
  /** Told in errors: `operator "count"`. */
  readonly where: string;
}

/** The key that all handles of a store refer to. */
export class CurrentKey {
  /** Changes whenever another key is made current: whoever has looked something up for a key asks whether it still is that one. */
  serial = 1;
  /** What the key is found by; of no meaning where no key is current. */
  index: KeyIndex = null;
  readonly #options: CurrentKeyOptions;
  #key: unknown = undefined;
  #selected = false;
  #now = NaN;

  constructor(options: CurrentKeyOptions) {
    this.#options = options;
  }

  /** Makes a key current. @throws INVALID_KEY */
  select(key: unknown): void {
    this.#now = NaN;
    if (key === this.#key && this.#selected && typeof key !== "object") return;
    this.index = typeof key === "number" && (key | 0) === key ? key : keyIndex(key, this.#options.where);
    this.#key = key;
    this.#selected = true;
    this.serial++;
  }

  /** There is no current key any more. */
  deselect(): void {
    this.#key = undefined;
    this.#selected = false;
    this.serial++;
  }

  /** The current key, as it was given. @throws STATE_MISUSE where there is none */
  get(): unknown {
    if (!this.#selected) {
      throw new MillraceError(
        "STATE_MISUSE",
        `keyed state was used without a current key (${this.#options.where})`,
        { help: "Use it while a record or timer is processed, not in open or in fields of your own." },
      );
    }
    return this.#key;
  }

  /** Whoever has looked something up for the current key is to look again. */
  touch(): void {
    this.serial++;
  }

  /** What is current now, to come back to by `reset`. */
  mark(): { readonly key: unknown; readonly selected: boolean } {
    return { key: this.#key, selected: this.#selected };
  }

  reset({ key, selected }: { readonly key: unknown; readonly selected: boolean }): void {
    this.deselect();
    if (selected) this.select(key);
  }

  /** Processing time, read once for each time a key is made current. */
  now(): number {
    if (this.#now !== this.#now) this.#now = this.#options.clock.now();
    return this.#now;
  }

  /** The key group of a key. @throws INTERNAL where it is not one of the store's */
  keyGroupOf(key: unknown): number {
    const { keyGroups, maxParallelism, where } = this.#options;
    const keyGroup = keyGroupOf(hashKey(key), maxParallelism);
    if (keyGroup >= keyGroups.start && keyGroup < keyGroups.end) return keyGroup;
    throw new MillraceError(
      "INTERNAL",
      `key ${preview(key)} is of key group ${keyGroup}, which is not one of [${keyGroups.start}, ${keyGroups.end}) (${where})`,
      {
        help: "The key selector answered differently on both sides of the shuffle: it must be deterministic.",
      },
    );
  }
}
