import { X509Certificate } from "node:crypto";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { tlsFailure, type TlsFailure } from "../../common/errors/tls-failure.ts";
import type { ClientTls } from "../connect-options.ts";
import { unreachable } from "./rest-errors.ts";

/** A request that no answer came to. */
export interface FailedRequest {
  readonly url: URL;
  readonly error: Error & { readonly code?: string; readonly errors?: readonly Error[] };
  readonly tls: ClientTls | undefined;
  /** Whether nothing was ever answered on its connection. A kept one may just have been closed because it was idle. */
  readonly fresh: boolean;
  /** ms since 1970. */
  readonly now: number;
}

const TRUST =
  "Name the authority that has signed it: -D security.ssl.rest.truststore=<PEM file>, or connect({ tls: { ca } }).";
const SHOW =
  "Name a certificate with its key: -D security.ssl.rest.keystore=<PEM file>, or connect({ tls: { cert, key } }).";
const NAME = "Reach it by a name that its certificate is for, or give it one for this name (subjectAltName).";
const PLAIN =
  "If it speaks without TLS, write http:// in front of the address, and leave security.ssl.rest.* away.";
const SECURE = "Is this a JobManager's REST API? If it asks for TLS, write https:// in front of the address.";
const SHOWN =
  "Is this client's certificate signed by an authority in the cluster's security.ssl.rest.truststore? The JobManager's log tells why it was refused.";

/** Why no answer came, and what to do: CLUSTER_UNREACHABLE, or NOT_AUTHORIZED where it is this client's certificate that is missing or wrong. */
export function connectionFailed(request: FailedRequest): MillraceError {
  const { url, error } = request;
  const failure = tlsFailure(error);
  if (failure !== undefined) return tlsFailed(url, failure, error);
  if (error.code?.startsWith("HPE_") === true)
    return unreachable(url, "what it answers is no HTTP", error, SECURE);
  return isHangUp(error) && request.fresh ? hungUp(request) : unreachable(url, reasonOf(error), error);
}

function tlsFailed(url: URL, { certificate, text }: TlsFailure, cause: Error): MillraceError {
  if (certificate === "ours") {
    return new MillraceError(
      "NOT_AUTHORIZED",
      `the JobManager at ${url.origin} has refused this client: ${text}`,
      {
        cause,
        help: SHOW,
      },
    );
  }
  const what = certificate === "theirs" ? "can't be trusted" : "can't be spoken to";
  const named = (cause as { readonly code?: string }).code === "ERR_TLS_CERT_ALTNAME_INVALID";
  const help = certificate === "none" ? PLAIN : named ? NAME : TRUST;
  return new MillraceError("CLUSTER_UNREACHABLE", `the JobManager at ${url.origin} ${what}: ${text}`, {
    cause,
    help,
  });
}

/** A JobManager that does not like a certificate, or speaks TLS where it is spoken to plainly, says nothing. */
function hungUp({ url, error, tls, now }: FailedRequest): MillraceError {
  const why = "it has closed the connection without an answer";
  if (url.protocol === "http:") return unreachable(url, why, error, SECURE);
  if (tls?.cert === undefined) return unreachable(url, why, error);
  const end = endOf(tls.cert);
  if (end === undefined || end > now) return unreachable(url, why, error, SHOWN);
  return new MillraceError(
    "NOT_AUTHORIZED",
    `the JobManager at ${url.origin} has refused this client: its certificate has expired at ${new Date(end).toISOString()}`,
    { cause: error, help: SHOW },
  );
}

function endOf(pem: string | Uint8Array): number | undefined {
  try {
    return new X509Certificate(pem).validToDate.getTime();
  } catch {
    return undefined;
  }
}

const isHangUp = ({ code }: FailedRequest["error"]): boolean => code === "ECONNRESET" || code === "EPIPE";

/** Errors of connecting to a name with several addresses have no message of their own. */
function reasonOf({ message, errors, code }: FailedRequest["error"]): string {
  if (message !== "") return message;
  return errors?.map((each) => each.message).join("; ") ?? code ?? "no connection";
}
