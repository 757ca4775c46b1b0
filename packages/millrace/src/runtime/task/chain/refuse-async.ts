import { MillraceError } from "../../../common/errors/millrace-error.ts";

/** Throws when a user function that must be synchronous answered with a promise. */
export function refuseAsync(result: unknown, operator: string): void {
  if (
    typeof result !== "object" ||
    result === null ||
    typeof (result as { then?: unknown }).then !== "function"
  )
    return;
  // Nobody will wait for it: its failure must not end the process as an unhandled rejection.
  Promise.resolve(result as PromiseLike<unknown>).catch(() => {});
  throw new MillraceError(
    "ASYNC_FUNCTION",
    `the function of ${operator} answered with a promise, but it must be synchronous`,
    {
      help: "Use asyncMap(...) for asynchronous work: it keeps many records underway and never blocks the task.",
    },
  );
}
