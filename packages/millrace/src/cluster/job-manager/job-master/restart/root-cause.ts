import { MillraceError } from "../../../../common/errors/millrace-error.ts";

/** Errors that only follow from somebody else's failure. */
const CONSEQUENCES = new Set(["CHANNEL_CLOSED", "TASK_CANCELED"]);

/** Whether an error only follows from somebody else's failure. */
export const isConsequence = (error: Error): boolean =>
  MillraceError.is(error) && CONSEQUENCES.has(error.code);

/**
 * The failure that the others follow from: the first that isn't a mere consequence (a task notices that its neighbour is gone, and may be
 * heard before it).
 */
export function rootCause(errors: readonly Error[]): Error | undefined {
  return errors.find((error) => !isConsequence(error)) ?? errors[0];
}
