import { MillraceError } from "../../../common/errors/millrace-error.ts";

/**
 * Refuses the promise of a function that must be synchronous.
 * @throws MillraceError ASYNC_FUNCTION
 */
export function refusePromise(result: unknown, what: string): void {
  if (
    typeof result !== "object" ||
    result === null ||
    typeof (result as { then?: unknown }).then !== "function"
  )
    return;
  throw new MillraceError("ASYNC_FUNCTION", `${what} must be synchronous, it returned a promise`, {
    help: "Do asynchronous work before or after the window, with asyncMap.",
  });
}
