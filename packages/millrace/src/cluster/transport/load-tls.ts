import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { ConnectionOptions, TlsOptions } from "node:tls";
import {
  INTERNAL_KEY_PASSWORD,
  INTERNAL_KEYSTORE,
  INTERNAL_TLS,
  INTERNAL_TRUSTSTORE,
  REST_AUTHENTICATION,
  REST_KEY_PASSWORD,
  REST_KEYSTORE,
  REST_TLS,
  REST_TRUSTSTORE,
} from "../../common/config/cluster-options.ts";
import type { ConfigOption } from "../../common/config/config-option.ts";
import { configValue } from "../../common/config/configuration.ts";
import type { Config } from "../../common/config/configuration.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";

/** TLS of one kind of port: for who listens, and for who connects. */
export interface TlsEnds {
  readonly server: TlsOptions;
  readonly client: ConnectionOptions;
}

/** TLS between processes; whose certificates it is made of, too, for what wants them by themselves. */
export interface InternalTls extends TlsEnds {
  readonly identity: {
    readonly cert: string;
    readonly key: string;
    readonly passphrase?: string;
    readonly ca: string;
  };
}

const MIN_VERSION = { minVersion: "TLSv1.2" } as const;

/**
 * TLS of the control and data ports, where it is on: both sides show certificates.
 *
 * @param now ms since 1970: no other process takes a certificate whose time is over
 * @throws INVALID_OPTION naming the setting whose file is missing or holds something else, or a certificate that has expired
 */
export async function loadInternalTls(settings: Config, now: number): Promise<InternalTls | undefined> {
  if (!configValue(settings, INTERNAL_TLS)) return undefined;
  const identity = await loadIdentity(settings, INTERNAL_KEYSTORE, INTERNAL_KEY_PASSWORD);
  const ca = await loadPem(settings, INTERNAL_TRUSTSTORE);
  if (identity === undefined || ca === undefined) {
    const missing = identity === undefined ? INTERNAL_KEYSTORE : INTERNAL_TRUSTSTORE;
    throw required(missing, INTERNAL_TLS);
  }
  checkIsValid(settings, identity.cert, now);
  const both = { ...MIN_VERSION, ...identity, ca, rejectUnauthorized: true };
  return {
    identity: { ...identity, ca },
    server: { ...both, requestCert: true },
    // The truststore holds the cluster's own authority: who has its certificate belongs to it, whatever its name.
    client: { ...both, checkServerIdentity: () => undefined },
  };
}

/** TLS of the REST API, where it is on. @throws as `loadInternalTls` */
export async function loadRestTls(settings: Config): Promise<TlsEnds | undefined> {
  if (!configValue(settings, REST_TLS)) return undefined;
  const identity = await loadIdentity(settings, REST_KEYSTORE, REST_KEY_PASSWORD);
  const ca = await loadPem(settings, REST_TRUSTSTORE);
  const trust = ca === undefined ? {} : { ca };
  const mutual = configValue(settings, REST_AUTHENTICATION);
  if (mutual && ca === undefined) throw required(REST_TRUSTSTORE, REST_AUTHENTICATION);
  return {
    get server() {
      if (identity === undefined) throw required(REST_KEYSTORE, REST_TLS);
      const clients = mutual ? { requestCert: true, rejectUnauthorized: true } : {};
      return { ...MIN_VERSION, ...identity, ...trust, ...clients };
    },
    client: { ...MIN_VERSION, ...identity, ...trust, rejectUnauthorized: true },
  };
}

function checkIsValid(settings: Config, pem: string, now: number): void {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  if (validFromDate.getTime() <= now && now < validToDate.getTime()) return;
  throw new MillraceError(
    "INVALID_OPTION",
    `option ${INTERNAL_KEYSTORE.key} names ${String(configValue(settings, INTERNAL_KEYSTORE))}, whose certificate is valid from ${validFromDate.toISOString()} to ${validToDate.toISOString()}, and not now: no process of the cluster would take it`,
    { help: "Issue a new one, and restart the processes with it." },
  );
}

async function loadIdentity(
  settings: Config,
  keystore: ConfigOption<string, string>,
  password: ConfigOption<string, string>,
): Promise<Omit<InternalTls["identity"], "ca"> | undefined> {
  const pem = await loadPem(settings, keystore);
  if (pem === undefined) return undefined;
  const passphrase = configValue(settings, password);
  const identity = { cert: pem, key: pem, ...(passphrase === undefined ? {} : { passphrase }) };
  try {
    createSecureContext(identity);
  } catch (error) {
    throw new MillraceError(
      "INVALID_OPTION",
      `option ${keystore.key} must be a PEM file with a certificate and its private key; ${String(configValue(settings, keystore))} is not: ${(error as Error).message}`,
      {
        cause: error,
        help: `It must hold both, the key first or last: cat node.key node.crt > node.pem. Is the key encrypted? Then ${password.key} says how.`,
      },
    );
  }
  return identity;
}

async function loadPem(settings: Config, option: ConfigOption<string, string>): Promise<string | undefined> {
  const path = configValue(settings, option);
  if (path === undefined) return undefined;
  let pem: string;
  try {
    pem = await readFile(path, "utf8");
  } catch (error) {
    throw new MillraceError("INVALID_OPTION", `option ${option.key}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/u.test(pem)) return pem;
  throw new MillraceError(
    "INVALID_OPTION",
    `option ${option.key} must be a PEM file; ${path} has no certificate`,
    {
      help: "Convert a PKCS #12 or Java keystore by openssl first.",
    },
  );
}

const required = (option: ConfigOption, because: ConfigOption): MillraceError =>
  new MillraceError("INVALID_OPTION", `${because.key} needs ${option.key}`);
