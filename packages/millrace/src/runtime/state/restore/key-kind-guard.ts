import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import { keyKindBits, keyKindBit } from "../../checkpoint/format/keyed/key-kinds.ts";
import type { KeyKind } from "../../checkpoint/format/keyed-part.ts";

/** New keys after which it is clear: a stream may have keys of several kinds, of which not all were there when it was restored. */
const ENOUGH = 50;

/**
 * Looks at the first keys that a restored store adds: a program that keys by numbers what was keyed by texts would find none of its state again,
 * and say nothing (correctness rule 8). Restored keys that come again are not looked at, and from the first new key of a restored kind on none
 * is.
 */
export class KeyKindGuard {
  /** Whether keys are still to be looked at. Read for each key that is added. */
  pending = false;
  readonly #where: string;
  #kinds: readonly KeyKind[] = [];
  #strange = 0;

  constructor(where: string) {
    this.#where = where;
  }

  /** @param kinds of the restored keys; undefined where they aren't known */
  expect(kinds: readonly KeyKind[] | undefined): void {
    this.#kinds = kinds ?? [];
    this.pending = this.#kinds.length > 0;
  }

  /** @throws RESTORE_REFUSED when none of the first new keys is of a restored kind */
  check(key: unknown): void {
    if ((keyKindBit(key) & keyKindBits(this.#kinds)) !== 0) {
      this.pending = false;
      return;
    }
    if (++this.#strange < ENOUGH) return;
    throw new MillraceError(
      "RESTORE_REFUSED",
      `the restored state of ${this.#where} is kept by keys of kind ${this.#kinds.join(" or ")}, and none of its first ${ENOUGH} new keys is, like ${preview(key)}`,
      {
        help: "State stays with the keys it was written for: key the stream as before, or give the operator another uid and start it without that state.",
        details: { found: this.#kinds, key: preview(key) },
      },
    );
  }
}
