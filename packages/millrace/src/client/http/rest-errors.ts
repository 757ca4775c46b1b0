import { MillraceError, type ErrorCode } from "../../common/errors/millrace-error.ts";
import type { RestAnswer, RestRequest } from "./rest-request.ts";

/** As `protocol/rest` names it; that module would load the schema library. */
const ERROR_CODE_HEADER = "x-millrace-code";

/** What a status says where nobody tells a code. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: "INVALID_ARGUMENT",
  401: "NOT_AUTHORIZED",
  403: "NOT_AUTHORIZED",
  404: "NOT_FOUND",
  409: "CONFLICT",
  413: "INVALID_ARGUMENT",
  502: "CLUSTER_UNREACHABLE",
  503: "CLUSTER_UNREACHABLE",
  504: "CLUSTER_UNREACHABLE",
};

/** Who knows no token is answered 401; 403 says itself what is not allowed. */
const TOKEN =
  "Give the token: -D security.rest.token-file=<path>, security.rest.token in config.yaml or MILLRACE_PROPERTIES, or connect({ token }).";

/** Nobody answers, or somebody else does. */
export const unreachable = (url: URL, why: string, cause: unknown, help?: string): MillraceError =>
  new MillraceError("CLUSTER_UNREACHABLE", `no JobManager answers at ${url.origin}: ${why}`, {
    cause,
    // Answers that are nonsense stay what they are.
    retryable: !/no JSON|no HTTP/u.test(why),
    help:
      help ??
      "Is it running, and is this its REST API's address? millrace cluster start starts one on this machine.",
  });

/** What an answer that is a refusal or a failure says, as an error of ours. */
export function refusal(
  url: URL,
  request: RestRequest,
  { status, headers, bytes }: RestAnswer,
): MillraceError {
  const told = headers[ERROR_CODE_HEADER];
  const errors = errorsIn(bytes);
  const code = (
    typeof told === "string" && /^[A-Z_]+$/u.test(told) ? told : (CODES[status] ?? "INTERNAL")
  ) as ErrorCode;
  if (errors === undefined && told === undefined) {
    return unreachable(
      url,
      `${request.method} ${request.path} is answered by status ${status}, as no JobManager does`,
      undefined,
      "Something else listens there, or a proxy answers in its place. The REST API is at rest.port (8081 by default), TaskManagers connect to jobmanager.rpc.port (6123).",
    );
  }
  const error = told === "JOB_MODULE_INVALID" ? stackIn(bytes) : undefined;
  const [message = `${request.method} ${request.path} was answered by status ${status}`, ...more] =
    errors ?? [];
  const help = more.length > 0 ? more.join(" ") : status === 401 ? TOKEN : undefined;
  return new MillraceError(code, message, {
    cause: error,
    retryable: status === 503,
    details: { status, path: request.path },
    ...(help === undefined ? {} : { help }),
  });
}

function errorsIn(bytes: Uint8Array): readonly string[] | undefined {
  try {
    const { errors } = JSON.parse(Buffer.from(bytes).toString()) as { readonly errors?: unknown };
    return Array.isArray(errors) && errors.every((each) => typeof each === "string") ? errors : undefined;
  } catch {
    return undefined;
  }
}

/** What a job's own code has thrown, when the job was built: with its stack. */
function stackIn(bytes: Uint8Array): Error | undefined {
  const { stack } = JSON.parse(Buffer.from(bytes).toString()) as { readonly stack?: unknown };
  if (typeof stack !== "string") return undefined;
  const [, name = "Error", message = ""] = /^(?:(\w+): )?(.*?)(?:\n {4}at .*)?$/su.exec(stack) ?? [];
  const error = new Error(message);
  Object.defineProperty(error, "name", { value: name, configurable: true });
  Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  return error;
}
