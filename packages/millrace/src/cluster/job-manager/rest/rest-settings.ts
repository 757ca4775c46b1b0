import { readFile } from "node:fs/promises";
import type { TlsOptions } from "node:tls";
import {
  REST_BIND_ADDRESS,
  REST_MAX_CONTENT,
  REST_PORT,
  REST_TOKEN,
  WEB_SUBMIT,
  WEB_TIMEOUT,
} from "../../../common/config/cluster-options.ts";
import { configValue, type Config } from "../../../common/config/configuration.ts";
import {
  REST_ALLOWED_HOSTS,
  REST_FLAME_GRAPH,
  REST_FLAME_GRAPH_DURATION,
  REST_MAX_CONNECTIONS,
  REST_REQUEST_TIMEOUT,
  REST_TOKEN_FILE,
  REST_UPLOAD_TIMEOUT,
  WEB_ALLOW_ORIGIN,
  WEB_CANCEL,
  WEB_REFRESH_INTERVAL,
  WEB_RESCALE,
} from "../../../common/config/rest-options.ts";
import type { Clock } from "../../../common/clock/clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Log } from "../../logging/log.ts";
import { asToken } from "../../transport/bearer-token.ts";

/** What the REST server is made with. Times in ms, sizes in bytes. */
export interface RestSettings {
  /** What it listens on. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Certificate, key and, for mutual TLS, `ca`, `requestCert`, `rejectUnauthorized`. undefined: no TLS. */
  readonly tls: TlsOptions | undefined;
  /** What clients must send as bearer token. undefined: none is asked for. */
  readonly token: string | undefined;
  /** Folder for uploads on their way; made when it is not there. */
  readonly uploadDirectory: string;
  /** Largest artifact. Other bodies are bounded to the smaller of this and 1 MB. */
  readonly maxContentLength: number;
  readonly maxConnections: number;
  /** Which changes are allowed. */
  readonly submit: boolean;
  readonly cancel: boolean;
  readonly rescale: boolean;
  readonly flameGraphs: boolean;
  readonly flameGraphDuration: number;
  /** Origin of other web pages that may call. undefined: none. */
  readonly allowOrigin: string | undefined;
  /** Names it may be reached by, beside localhost and addresses, where it listens on loopback without a token. */
  readonly allowedHosts: readonly string[];
  readonly refreshInterval: number;
  /** How long the gateway takes at most for one call. */
  readonly webTimeout: number;
  /** How long an upload, and any other request, may take to arrive. */
  readonly uploadTimeout: number;
  readonly requestTimeout: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The dashboard; undefined: there is none. */
  readonly ui: StaticFiles | undefined;
}

/**
 * Files that are served to anybody, without a token: they hold nothing of the cluster. Paths begin with a slash and are compared as they
 * are, so that nothing else can be reached.
 */
export type StaticFiles = (path: string) => StaticFile | undefined;

/** A file of the dashboard. */
export interface StaticFile {
  readonly contentType: string;
  readonly body: Uint8Array | string;
  /** Whether its name changes with its content, so that browsers may keep it. */
  readonly immutable: boolean;
}

/** What settings don't say. */
export interface RestSurroundings {
  readonly tls: TlsOptions | undefined;
  readonly uploadDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly ui?: StaticFiles | undefined;
}

/**
 * The server's settings from those of the JobManager.
 *
 * @throws INVALID_OPTION for a token's file that can't be read or is empty, or a token and a file for it
 */
export async function restSettings(config: Config, surroundings: RestSurroundings): Promise<RestSettings> {
  return {
    ...surroundings,
    ui: surroundings.ui,
    host: configValue(config, REST_BIND_ADDRESS) as string,
    port: configValue(config, REST_PORT) as number,
    token: await tokenOf(config),
    maxContentLength: configValue(config, REST_MAX_CONTENT) as number,
    maxConnections: configValue(config, REST_MAX_CONNECTIONS) as number,
    submit: configValue(config, WEB_SUBMIT) as boolean,
    cancel: configValue(config, WEB_CANCEL) as boolean,
    rescale: configValue(config, WEB_RESCALE) as boolean,
    flameGraphs: configValue(config, REST_FLAME_GRAPH) as boolean,
    flameGraphDuration: configValue(config, REST_FLAME_GRAPH_DURATION) as number,
    allowOrigin: configValue(config, WEB_ALLOW_ORIGIN),
    allowedHosts: (configValue(config, REST_ALLOWED_HOSTS) ?? "")
      .split(",")
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ""),
    refreshInterval: configValue(config, WEB_REFRESH_INTERVAL) as number,
    webTimeout: configValue(config, WEB_TIMEOUT) as number,
    uploadTimeout: configValue(config, REST_UPLOAD_TIMEOUT) as number,
    requestTimeout: configValue(config, REST_REQUEST_TIMEOUT) as number,
  };
}

async function tokenOf(config: Config): Promise<string | undefined> {
  const token = configValue(config, REST_TOKEN);
  const file = configValue(config, REST_TOKEN_FILE);
  if (file === undefined) return token === undefined ? undefined : asToken(REST_TOKEN, token);
  if (token !== undefined) {
    throw invalid(`is given beside ${REST_TOKEN.key}: give one of the two`);
  }
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw invalid(`names ${file}, which can't be read`, cause);
  }
  return asToken(REST_TOKEN_FILE, text);
}

const invalid = (problem: string, cause?: unknown): MillraceError =>
  new MillraceError("INVALID_OPTION", `option ${REST_TOKEN_FILE.key} ${problem}`, {
    cause,
    details: { option: REST_TOKEN_FILE.key },
  });
