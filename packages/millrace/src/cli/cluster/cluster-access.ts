import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ClusterClient } from "../../client/cluster-client.ts";
import type { ClientTls, ConnectOptions } from "../../client/connect-options.ts";
import { loadClusterConfiguration } from "../../cluster/configuration/load-cluster-configuration.ts";
import type { ClusterConfiguration } from "../../cluster/configuration/cluster-configuration.ts";
import { asToken } from "../../cluster/transport/bearer-token.ts";
import { loadRestTls } from "../../cluster/transport/load-tls.ts";
import {
  JOBMANAGER_RPC_ADDRESS,
  REST_ADDRESS,
  REST_PORT,
  REST_TLS,
  REST_TOKEN,
} from "../../common/config/cluster-options.ts";
import { configValue, type Config } from "../../common/config/configuration.ts";
import { CLIENT_TIMEOUT, REST_TOKEN_FILE } from "../../common/config/rest-options.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { DEFAULT_STATE_FOLDER, type ClusterAccess } from "../command-line/cluster-requests.ts";
import { readState } from "./local-cluster/cluster-state.ts";

/** The settings of a command line: configuration file, environment, `-D`. @throws UNKNOWN_OPTION, INVALID_OPTION */
export function accessSettings(
  { conf, settings }: ClusterAccess,
  cwd: string,
): Promise<ClusterConfiguration> {
  const file = conf === undefined ? undefined : join(resolve(cwd, conf), "config.yaml");
  return loadClusterConfiguration({ file, dynamic: settings });
}

/**
 * The cluster that a command line means.
 *
 * @throws INVALID_ARGUMENT, INVALID_OPTION, UNKNOWN_OPTION; nobody is asked yet
 */
export async function clusterOf(access: ClusterAccess, cwd: string): Promise<ClusterClient> {
  const { settings } = await accessSettings(access, cwd);
  const address = access.jobManager ?? (await addressIn(settings, cwd));
  const token = await tokenIn(settings);
  const tls = await tlsFor(address, settings);
  const options: ConnectOptions = {
    address,
    patience: configValue(settings, CLIENT_TIMEOUT) as number,
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { tls }),
  };
  return new ClusterClient(options, async (moduleUrl, bundling) => {
    const { bundleArtifact } = await import("../../cluster/artifact/bundle-artifact.ts");
    return bundleArtifact(moduleUrl, bundling);
  });
}

/** An address says itself whether TLS is spoken there; where it doesn't, the settings do. */
async function tlsFor(address: string, settings: Config): Promise<ClientTls | undefined> {
  const enabled = /^https:\/\//iu.test(address) ? true : configValue(settings, REST_TLS);
  return (await loadRestTls({ ...settings, [REST_TLS.key]: enabled }))?.client as ClientTls | undefined;
}

/** What the settings say; where they say nothing, the cluster that was started here. */
async function addressIn(settings: Config, cwd: string): Promise<string> {
  if (settings[REST_ADDRESS.key] === undefined && settings[REST_PORT.key] === undefined) {
    const started = await readState(resolve(cwd, DEFAULT_STATE_FOLDER));
    if (started !== undefined) return started.restUrl;
  }
  return restAddress(settings);
}

/** Host and port of the REST API by the settings. */
export function restAddress(settings: Config, port = configValue(settings, REST_PORT)): string {
  const host = configValue(settings, REST_ADDRESS) ?? configValue(settings, JOBMANAGER_RPC_ADDRESS) ?? "";
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function tokenIn(settings: Config): Promise<string | undefined> {
  const file = configValue(settings, REST_TOKEN_FILE);
  if (file === undefined) {
    const token = configValue(settings, REST_TOKEN);
    return token === undefined ? undefined : asToken(REST_TOKEN, token);
  }
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw new MillraceError("INVALID_OPTION", `option ${REST_TOKEN_FILE.key}: ${(cause as Error).message}`, {
      cause,
    });
  }
  return asToken(REST_TOKEN_FILE, text);
}
