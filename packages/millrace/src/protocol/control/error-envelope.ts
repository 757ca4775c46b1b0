import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { ErrorCode } from "../../common/errors/millrace-error.ts";

/** An error on its way between threads or processes: plain data that keeps class, code, stack and causes. */
export interface ErrorEnvelope {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of MillraceErrors, and of system errors (ENOENT). */
  readonly code: string | undefined;
  readonly help: string | undefined;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
  readonly cause: ErrorEnvelope | undefined;
}

/** The longest chain of causes that is carried. */
const MAX_CAUSES = 8;

export function toEnvelope(error: unknown, depth = 0): ErrorEnvelope {
  if (!(error instanceof Error)) {
    return {
      name: "Error",
      message: String(error),
      stack: undefined,
      code: undefined,
      help: undefined,
      retryable: false,
      details: {},
      cause: undefined,
    };
  }
  const known = MillraceError.is(error) ? error : undefined;
  const code = known?.code ?? (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: typeof code === "string" ? code : undefined,
    help: known?.help,
    retryable: known?.retryable ?? false,
    details: plain(known?.details ?? {}),
    cause: error.cause === undefined || depth >= MAX_CAUSES ? undefined : toEnvelope(error.cause, depth + 1),
  };
}

export function fromEnvelope(envelope: ErrorEnvelope): Error {
  const cause = envelope.cause === undefined ? undefined : fromEnvelope(envelope.cause);
  const error =
    envelope.name === "MillraceError"
      ? new MillraceError(envelope.code as ErrorCode, envelope.message, {
          cause,
          retryable: envelope.retryable,
          details: envelope.details,
          ...(envelope.help === undefined ? {} : { help: envelope.help }),
        })
      : new Error(envelope.message, cause === undefined ? undefined : { cause });
  if (envelope.name !== "MillraceError") {
    Object.defineProperty(error, "name", { value: envelope.name, configurable: true });
    if (envelope.code !== undefined) Object.assign(error, { code: envelope.code });
  }
  if (envelope.stack !== undefined)
    Object.defineProperty(error, "stack", { value: envelope.stack, configurable: true, writable: true });
  return error;
}

/** Details survive the crossing only as plain data. */
function plain(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => [
      key,
      typeof value === "object" || typeof value === "function" ? JSON.stringify(value) : value,
    ]),
  );
}
