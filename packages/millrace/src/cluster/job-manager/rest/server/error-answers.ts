import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { MillraceError, type ErrorCode } from "../../../../common/errors/millrace-error.ts";
import { ERROR_CODE_HEADER } from "../../../../protocol/rest/error-code-header.ts";
import type { PeerLog } from "../../../logging/peer-log.ts";

/** Which status says best what a code means. The others are failures: 500. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  INVALID_ARGUMENT: 400,
  INVALID_OPTION: 400,
  UNKNOWN_OPTION: 400,
  INVALID_GRAPH: 400,
  INVALID_KEY: 400,
  INVALID_TYPE: 400,
  ASYNC_FUNCTION: 400,
  STATE_MISUSE: 400,
  JOB_MODULE_INVALID: 400,
  JOB_NOT_DETERMINISTIC: 400,
  USER_FUNCTION_FAILED: 400,
  UNSUPPORTED_PLATFORM: 400,
  SAVEPOINT_NOT_FOUND: 400,
  CHECKPOINT_CORRUPT: 400,
  STATE_BACKEND_UNAVAILABLE: 400,
  SOURCE_FAILED: 400,
  SINK_FAILED: 400,
  RESTORE_REFUSED: 409,
  VERSION_MISMATCH: 409,
  CONFLICT: 409,
  NOT_AUTHORIZED: 403,
  NOT_FOUND: 404,
  NO_SLOTS: 503,
  FENCED: 503,
  CLUSTER_UNREACHABLE: 503,
  CONNECTION_LOST: 503,
};

/** A refusal with a status of its own. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** What a client is told of an error. */
export interface ErrorAnswer {
  readonly status: number;
  readonly code: ErrorCode;
  readonly errors: string[];
  /** Of errors of a job's own code: where. Stacks of the engine are nobody's business. */
  readonly stack?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Errors of our own are told; others may hold anything, and are only named. */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof Refusal) {
    const { status, code, message, headers } = error;
    return { status, code, errors: [message], headers };
  }
  if (MillraceError.is(error)) {
    const status = STATUS[error.code] ?? 500;
    const errors = [error.message, ...(error.help === undefined ? [] : [error.help])];
    const stack = error.code === "JOB_MODULE_INVALID" ? stackOf(error) : undefined;
    return { status, code: error.code, errors, stack, headers: {} };
  }
  const { statusCode: status = 500, message } = error as Partial<FastifyError>;
  if (status >= 400 && status < 500 && typeof message === "string") {
    return { status, code: "INVALID_ARGUMENT", errors: [message], headers: {} };
  }
  return {
    status: 500,
    code: "INTERNAL",
    errors: ["the request failed by a fault of the JobManager; its log tells more"],
    headers: {},
  };
}

/** The stack of what the job's code has thrown. */
function stackOf({ cause }: MillraceError): string | undefined {
  return cause instanceof Error ? cause.stack : undefined;
}

/** Bytes of a refused request that are read, so that who sends it sees the answer. */
const MAX_THROWN_AWAY = 256 * 1024 * 1024;

/** Answers errors of all routes. */
export const errorHandler =
  (peers: PeerLog) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const { status, code, errors, stack, headers } = errorAnswer(error);
    if (status >= 500) {
      const route = `${request.method} ${request.routeOptions.url ?? "?"}`;
      peers.about(request.ip, route)("error", `${route} of ${request.ip} failed`, error);
    }
    // So much is not read only to be thrown away: the connection ends with the answer.
    if (Number(request.headers["content-length"] ?? 0) > MAX_THROWN_AWAY)
      void reply.header("connection", "close");
    void reply
      .code(status)
      .headers({ ...headers, [ERROR_CODE_HEADER]: code })
      .type("application/json; charset=utf-8")
      .send({ errors, ...(stack === undefined ? {} : { stack }) });
  };
