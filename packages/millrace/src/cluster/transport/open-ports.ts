import type { Log } from "../logging/log.ts";
import { isLoopback } from "./endpoint.ts";

/** A port that a process listens on. */
export interface ListeningPort {
  /** For people: "the REST API". */
  readonly name: string;
  /** What it listens on. */
  readonly host: string;
  readonly tls: boolean;
  /** Whether who comes must show a certificate. */
  readonly certificates: boolean;
  /** Whether who comes must know a token. */
  readonly token: boolean;
  /** What anybody may do who is asked for nothing: "run any code". */
  readonly risk: string;
  /** The settings that protect it. */
  readonly settings: string;
}

/** Warns of a port that others than the machine itself can reach, and that is not protected. */
export function warnOfOpenPort(port: ListeningPort, log: Log): void {
  const { name, host, tls, certificates, token, risk, settings } = port;
  if (isLoopback(host)) return;
  const said = `${name} listens on ${host}`;
  if (!certificates && !token)
    log(
      "warn",
      `${said}, and asks for neither token nor certificate: who reaches it may ${risk}; see ${settings}`,
    );
  else if (!tls)
    log(
      "warn",
      `${said} without TLS: whoever is on the way can read what is sent, and change it; see ${settings}`,
    );
}
