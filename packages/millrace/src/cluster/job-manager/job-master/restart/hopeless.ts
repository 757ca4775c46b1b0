import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { ErrorCode } from "../../../../common/errors/millrace-error.ts";

/** What is the same in every attempt: the program, its settings, the state that it starts from. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "JOB_NOT_DETERMINISTIC",
  "JOB_MODULE_INVALID",
  "INVALID_GRAPH",
  "INVALID_OPTION",
  "UNKNOWN_OPTION",
  "ASYNC_FUNCTION",
  "UNSUPPORTED_PLATFORM",
  "STATE_BACKEND_UNAVAILABLE",
  "RESTORE_REFUSED",
  "SAVEPOINT_NOT_FOUND",
  // Starting from an older checkpoint would commit twice: that is an operator's decision.
  "CHECKPOINT_CORRUPT",
  // The job goes on elsewhere.
  "FENCED",
]);

/**
 * The error, or the one among its causes, that no restart can mend; undefined where a restart may help. Causes count, because what a
 * user's function met (a state that can't be read) comes wrapped in the error of that function.
 */
export function hopelessCause(error: unknown): MillraceError | undefined {
  for (let at = error; at instanceof Error; at = at.cause)
    if (MillraceError.is(at) && HOPELESS.has(at.code)) return at;
  return undefined;
}
