import { MillraceError } from "../../../common/errors/millrace-error.ts";

/** The error for a user function that returned undefined where its answer replaces an accumulator. */
export function noAnswer(expected: string): MillraceError {
  return new MillraceError("STATE_MISUSE", `${expected}, it returned undefined`, {
    help: "Check for a missing return statement.",
  });
}
