import { constants } from "node:os";
import { MillraceError } from "../common/errors/millrace-error.ts";
import type { ErrorCode } from "../common/errors/millrace-error.ts";

/** What the process answers when it ends. A job stopped by a signal answers 128 and the signal's number, as shells do. */
export const ExitCode = {
  /** The job finished, or was stopped with a savepoint; help was shown. */
  OK: 0,
  /** The job ran and failed. */
  FAILED: 1,
  /** Nothing ran: the command line, the module, its arguments or the savepoint are wrong. */
  USAGE: 2,
  /** The cluster can't be reached, refuses this client, or is of another version. */
  CLUSTER: 3,
} as const;

const CLUSTER_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "CLUSTER_UNREACHABLE",
  "CONNECTION_LOST",
  "NOT_AUTHORIZED",
  "VERSION_MISMATCH",
]);

/** Codes of errors that a user mends in the command line or in the job's module: before anything ran. */
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "INVALID_ARGUMENT",
  "INVALID_GRAPH",
  "INVALID_OPTION",
  "INVALID_TYPE",
  "JOB_MODULE_INVALID",
  "NOT_FOUND",
  "RESTORE_REFUSED",
  "SAVEPOINT_NOT_FOUND",
  "UNKNOWN_OPTION",
]);

/** The exit code for an error that came before the job ran. */
export function exitCodeOf(error: unknown): number {
  if (!MillraceError.is(error)) return ExitCode.FAILED;
  if (CLUSTER_CODES.has(error.code)) return ExitCode.CLUSTER;
  return USAGE_CODES.has(error.code) ? ExitCode.USAGE : ExitCode.FAILED;
}

/** The exit code of a process that ends because of a signal. @example `exitCodeOfSignal("SIGINT")` is 130 */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
