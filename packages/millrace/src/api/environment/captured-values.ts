import { MillraceError } from "../../common/errors/millrace-error.ts";
import { preview } from "../../common/errors/preview.ts";
import { deepFreeze } from "../../common/types/deep-freeze.ts";

/**
 * Values that a program takes from outside. Evaluated once, where the job is submitted; every later build of the program gets what
 * was evaluated then, so that all slots and attempts agree.
 */
export class CapturedValues {
  readonly #given: Readonly<Record<string, unknown>> | undefined;
  readonly #values = new Map<string, unknown>();

  /** @param given what was evaluated at submission; undefined where this is the submission */
  constructor(given: Readonly<Record<string, unknown>> | undefined) {
    this.#given = given;
  }

  /** The value of a name. @throws MillraceError INVALID_ARGUMENT, JOB_NOT_DETERMINISTIC */
  capture<T>(name: string, read: () => T): T {
    if (typeof name !== "string" || name === "") {
      throw new MillraceError("INVALID_ARGUMENT", "capture takes a name that is not empty");
    }
    if (this.#values.has(name)) {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `two values are captured as "${name}": give each its own name`,
      );
    }
    const value = this.#given === undefined ? plainCopy(name, read()) : this.#earlier(name);
    this.#values.set(name, value);
    return value as T;
  }

  /** All values by name. */
  all(): Readonly<Record<string, unknown>> {
    return Object.freeze(Object.fromEntries(this.#values));
  }

  #earlier(name: string): unknown {
    if (Object.hasOwn(this.#given!, name)) return this.#given![name];
    throw new MillraceError(
      "JOB_NOT_DETERMINISTIC",
      `the program captures "${name}", which it did not when it was submitted: it depends on something besides its arguments`,
      { help: "Capture the same names in every build." },
    );
  }
}

function plainCopy(name: string, value: unknown): unknown {
  let copy: unknown;
  try {
    copy = structuredClone(value);
  } catch (error) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `capture("${name}") must answer plain data, which travels with the job; got ${preview(value)}`,
      { cause: error },
    );
  }
  return deepFreeze(copy);
}
