import {
  keyKindBit,
  keyKindBits,
  keyKindsOf,
  KeyKindGuard,
  type KeyKind,
} from "millrace/internal/state-backend";

/** Sees each key of a store that has something where it had nothing, before its rows are written. */
export class KeyWatch {
  readonly #guard: KeyKindGuard;
  #kinds = 0;

  /** @param where for errors: `operator "count"` */
  constructor(where: string) {
    this.#guard = new KeyKindGuard(where);
  }

  /** Kinds of all keys that there are, and of some that have gone; undefined where not all are known. */
  get kinds(): readonly KeyKind[] | undefined {
    return keyKindsOf(this.#kinds);
  }

  /** @throws RESTORE_REFUSED when too many keys are of no kind that was restored */
  added(key: unknown): void {
    this.#kinds |= keyKindBit(key);
    if (this.#guard.pending) this.#guard.check(key);
  }

  /** Keys of these kinds were restored, as rows that nobody adds. */
  restored(kinds: readonly KeyKind[] | undefined): void {
    this.#kinds |= keyKindBits(kinds);
  }

  /** All that is restored is there: keys that come from now on are the program's. */
  begin(): void {
    this.#guard.expect(this.kinds);
  }
}
