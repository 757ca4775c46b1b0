import { MillraceError } from "../../../../common/errors/millrace-error.ts";

/** Errors that only follow from somebody else's failure. */
const CONSEQUENCES = new Set(["CHANNEL_CLOSED", "TASK_CANCELED"]);

/**
 * The failure that the others follow from: the first that isn't a mere consequence (a task notices that its neighbour is gone, and may be
 * heard before it).
 */
export function rootCause(errors: readonly Error[]): Error | undefined {
  return errors.find((error) => !(MillraceError.is(error) && CONSEQUENCES.has(error.code))) ?? errors[0];
}
