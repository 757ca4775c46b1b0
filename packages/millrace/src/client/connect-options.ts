import type { Clock } from "../common/clock/clock.ts";
import { MillraceError } from "../common/errors/millrace-error.ts";

/** Where a cluster is, and how it is reached. */
export interface ConnectOptions {
  /** Of the JobManager's REST API: "localhost:8081", "https://millrace.example.com". Default: "localhost:8081". */
  readonly address?: string | URL;
  /** What the cluster's `security.rest.token` says. Default: none is sent. */
  readonly token?: string;
  /** Certificates, as the text of PEM files. Given, the address is taken as one of TLS. */
  readonly tls?: ClientTls;
  /** How long a request may take, ms; uploads may take ten times as long. Default: 60 s. */
  readonly timeout?: number;
  /** How often a request that changes nothing is made again when the cluster does not answer. Default: 3. */
  readonly retries?: number;
  /**
   * How long a cluster that has answered before is waited for, ms, when nobody answers any more while a job is submitted, something is asked of
   * it, or its end is awaited: a JobManager that is started again, or another that takes over, needs its time. Default: 60 s.
   */
  readonly patience?: number;
  /** Time, for tests. Default: the machine's clock. */
  readonly clock?: Clock;
}

/** Certificates for a REST API behind TLS, as PEM. */
export interface ClientTls {
  /** Who signs the cluster's certificate. Default: the authorities that Node.js trusts. */
  readonly ca?: string | Uint8Array;
  /** Who this client is, where the cluster asks for it. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** Of the key. */
  readonly passphrase?: string;
  /** The name in the cluster's certificate, where it is not that of the address. */
  readonly servername?: string;
}

/** The port of a REST API that nobody told another. */
const DEFAULT_PORT = "8081";

/**
 * The URL of a REST API, without a slash at its end.
 *
 * @throws MillraceError INVALID_ARGUMENT for what is no address
 * @example `restUrl("10.0.0.1", false).href` is "http://10.0.0.1:8081/"
 */
export function restUrl(address: string | URL, tls: boolean): URL {
  const text = String(address).trim();
  const scheme = /^https?:\/\//iu.test(text);
  const full = scheme ? text : `${tls ? "https" : "http"}://${text}`;
  if (text === "" || !URL.canParse(full) || (!scheme && text.includes("://"))) {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `expected the address of a JobManager's REST API, got ${JSON.stringify(text)}`,
      { help: 'Write "host:8081" or "https://host:8081".' },
    );
  }
  const url = new URL(full);
  // A URL doesn't tell whether port 80 was written or meant.
  if (url.port === "" && !/:(?:80|443)(?:\/|$)/u.test(full.replace(/^https?:\/\//iu, ""))) {
    if (!scheme || url.protocol === "http:") url.port = DEFAULT_PORT;
  }
  url.pathname = url.pathname.replace(/\/+$/u, "");
  url.search = "";
  url.hash = "";
  if (tls && url.protocol === "http:") {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `certificates are given, and ${text} is an address without TLS`,
      {
        help: "Write https:// in front of it.",
      },
    );
  }
  return url;
}
