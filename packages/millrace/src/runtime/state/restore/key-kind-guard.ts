import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import { keyKindBits, keyKindBit } from "../../checkpoint/format/keyed/key-kinds.ts";
import type { KeyKind } from "../../checkpoint/format/keyed-part.ts";

/**
 * Looks once at the first key that a restored store adds: a program that keys by numbers what was keyed by texts would find none of its state
 * again, and say nothing (correctness rule 8). Keys that were restored never come here, so a type that is unchanged costs nothing.
 */
export class KeyKindGuard {
  /** Whether a key is still to be looked at. Read for each key that is added. */
  pending = false;
  readonly #where: string;
  #kinds: readonly KeyKind[] = [];

  constructor(where: string) {
    this.#where = where;
  }

  /** @param kinds of the restored keys; undefined where they aren't known */
  expect(kinds: readonly KeyKind[] | undefined): void {
    this.#kinds = kinds ?? [];
    this.pending = this.#kinds.length > 0;
  }

  /** @throws RESTORE_REFUSED when no restored key is of this kind */
  check(key: unknown): void {
    this.pending = false;
    if ((keyKindBit(key) & keyKindBits(this.#kinds)) !== 0) return;
    throw new MillraceError(
      "RESTORE_REFUSED",
      `the restored state of ${this.#where} is kept by keys of kind ${this.#kinds.join(" or ")}, and its first new key is ${preview(key)}`,
      {
        help: "State stays with the keys it was written for: key the stream as before, or give the operator another uid and start it without that state.",
        details: { found: this.#kinds, key: preview(key) },
      },
    );
  }
}
