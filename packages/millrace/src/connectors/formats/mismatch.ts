import { preview } from "../../common/errors/preview.ts";
import { MalformedText } from "./malformed-text.ts";

/** A value that isn't of the declared type. The path grows from the inside as the converters are left. */
export class Mismatch extends MalformedText {
  readonly #what: string;
  #path = "";

  constructor(what: string) {
    super(what);
    this.#what = what;
  }

  /** Says that this happened below the field, index or column `step`. */
  below(step: string | number): this {
    const own = typeof step === "number" ? `[${step}]` : step;
    this.#path =
      this.#path === "" || this.#path.startsWith("[") ? `${own}${this.#path}` : `${own}.${this.#path}`;
    this.message = `${this.#path}: ${this.#what}`;
    return this;
  }
}

/** A value that isn't what was expected: `expected int, got "abc"`. */
export function mismatch(expected: string, got: unknown): Mismatch {
  return new Mismatch(
    got === undefined
      ? `expected ${expected}, but it is missing`
      : `expected ${expected}, got ${preview(got)}`,
  );
}
