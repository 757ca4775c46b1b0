/** The stable codes of the errors that Millrace raises. A code, once released, keeps its meaning. */
export type ErrorCode =
  // programs
  | "INVALID_ARGUMENT"
  | "INVALID_OPTION"
  | "UNKNOWN_OPTION"
  | "INVALID_GRAPH"
  | "INVALID_KEY"
  | "INVALID_TYPE"
  | "RECORD_TYPE_MISMATCH"
  | "ASYNC_FUNCTION"
  | "JOB_MODULE_INVALID"
  | "JOB_NOT_DETERMINISTIC"
  | "USER_FUNCTION_FAILED"
  | "USER_FUNCTION_TIMEOUT"
  | "STATE_MISUSE"
  // data and the world outside
  | "MALFORMED_RECORD"
  | "SOURCE_FAILED"
  | "SINK_FAILED"
  | "UNSUPPORTED_PLATFORM"
  // runtime
  | "CODEC_CORRUPT"
  | "PROTOCOL_VIOLATION"
  /** The other end of a channel is gone: a consequence of another failure, never the first cause. */
  | "CHANNEL_CLOSED"
  /** A record is larger than what may travel. */
  | "RECORD_TOO_LARGE"
  | "TASK_CANCELED"
  // checkpoints and savepoints
  /** A checkpoint could not be taken: declined by a task, not written, or given up. */
  | "CHECKPOINT_FAILED"
  /** It took longer than execution.checkpointing.timeout. */
  | "CHECKPOINT_EXPIRED"
  /** What was running was stopped because its checkpoint was given up. Never the first cause. */
  | "CHECKPOINT_ABORTED"
  /** A file of a checkpoint is damaged, cut or missing. Names the file and the block. */
  | "CHECKPOINT_CORRUPT"
  /** The place for checkpoints can't be read or written. */
  | "CHECKPOINT_STORAGE_FAILED"
  /** There is no savepoint or checkpoint where one was expected. */
  | "SAVEPOINT_NOT_FOUND"
  /** The job can't start from that savepoint; `details.mismatches` lists every reason. */
  | "RESTORE_REFUSED"
  /** A state backend can't run here. */
  | "STATE_BACKEND_UNAVAILABLE"
  | "SLOT_LOST"
  // clusters
  /** Not enough slots are free, and waiting for them has not helped. */
  | "NO_SLOTS"
  /** Another process has taken over what this one owned: it must stop, and change nothing any more. */
  | "FENCED"
  /** Two parts of a cluster run different versions of millrace. */
  | "VERSION_MISMATCH"
  /** A token or certificate is missing or wrong, or the operation is turned off. */
  | "NOT_AUTHORIZED"
  /** A cluster knows no job, artifact, savepoint request or TaskManager of this id. */
  | "NOT_FOUND"
  /** A request that doesn't fit the state of what it is about: a job that has ended, a savepoint underway. */
  | "CONFLICT"
  /** What was asked for was not done, or not to its end, because the JobManager died meanwhile; the message says what became of it. */
  | "OPERATION_LOST"
  /** A cluster no longer knows a job that it had: its end, if it came to one, is not known. */
  | "JOB_LOST"
  /** Nobody answers at the address of a JobManager, or somebody else does. */
  | "CLUSTER_UNREACHABLE"
  /** The connection to another process of the cluster is gone. */
  | "CONNECTION_LOST"
  | "JOB_FAILED"
  | "JOB_CANCELED"
  | "ILLEGAL_TRANSITION"
  | "INTERNAL";

/** What an error may say besides its message. */
export interface MillraceErrorOptions {
  /** The error that caused this one; its stack is kept. */
  readonly cause?: unknown;
  /** Whether the same call may succeed when it is made again. Default false. */
  readonly retryable?: boolean;
  /** What to do about it, in a sentence; printed below the message. */
  readonly help?: string;
  /** Structured facts for programs: operator, subtask, path, line ... Plain data only. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Every error that Millrace raises: a stable `code`, a message that says what was expected, what came
 * and where, and optionally what to do (`help`).
 *
 * @example
 * ```ts
 * try {
 *   await run(job, { args: { input: "missing.csv" } });
 * } catch (error) {
 *   if (MillraceError.is(error, "SOURCE_FAILED")) console.error(error.message);
 * }
 * ```
 */
export class MillraceError extends Error {
  override readonly name = "MillraceError";
  /** Stable, for programs. */
  readonly code: ErrorCode;
  /** Whether a retry of the same call can help. */
  readonly retryable: boolean;
  /** What to do about it. */
  readonly help: string | undefined;
  /** Structured facts. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.help = options.help;
    this.details = options.details ?? {};
  }

  /** Whether `error` is a MillraceError, and of `code` when one is given. Works across copies of the package. */
  static is(error: unknown, code?: ErrorCode): error is MillraceError {
    return (
      error instanceof Error &&
      error.name === "MillraceError" &&
      (code === undefined || (error as MillraceError).code === code)
    );
  }
}
