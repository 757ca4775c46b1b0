import type { DispatcherGateway } from "../dispatcher/dispatcher-gateway.ts";
import type { RestSettings } from "./rest-settings.ts";

/** The REST API of a JobManager, listening. */
export interface RestServer {
  /** Where it listens: as asked, or the one it was given. */
  readonly port: number;
  /** The same as a URL: "http://127.0.0.1:8081". */
  readonly url: string;
  /** Takes no more requests; those underway have two seconds to end. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts the REST API. What it is made of is loaded here, not before: processes without it stay light.
 *
 * Duties of the caller: it closes the server before what stands behind the gateway. The gateway's errors become answers by their codes;
 * errors without one are logged, and answered by 500 without their text.
 *
 * @throws the system's error where it can't listen (EADDRINUSE)
 * @example `const rest = await createRestServer(dispatcher, await restSettings(config, { ... })); ... await rest.close();`
 */
export async function createRestServer(
  gateway: DispatcherGateway,
  settings: RestSettings,
): Promise<RestServer> {
  const { startRestServer } = await import("./server/start-rest-server.ts");
  return startRestServer(gateway, settings);
}
