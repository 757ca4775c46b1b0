import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { SystemClock } from "../../../../common/clock/system-clock.ts";
import type { DispatcherGateway } from "../../dispatcher/dispatcher-gateway.ts";
import { createRestServer } from "../create-rest-server.ts";
import type { RestSettings } from "../rest-settings.ts";
import { START } from "./sample-job.ts";
import { scriptedGateway, type ScriptedGateway } from "./scripted-gateway.ts";

/** A server for a test, and how to talk with it. */
export interface Serving extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly gateway: ScriptedGateway;
  readonly uploads: string;
  /** Lines of the log. */
  readonly logged: string[];
  /** Sends a request. */
  ask(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** GET, as JSON. */
  json(path: string): Promise<unknown>;
  /** A request with a body of JSON. */
  send(method: string, path: string, body?: unknown): Promise<Response>;
}

/** Time of the server's answers; its timers are the machine's. */
class StandingClock extends SystemClock {
  readonly #time = new ManualClock(START + 10_000);
  override now(): number {
    return this.#time.now();
  }
}

/** Small limits of sizes, everything allowed, nothing asked for. */
export const restSettingsForTests = (
  settings: Partial<RestSettings> & { uploadDirectory: string },
): RestSettings => ({
  host: "127.0.0.1",
  port: 0,
  tls: undefined,
  token: undefined,
  maxContentLength: 1024 * 1024,
  maxConnections: 200,
  submit: true,
  cancel: true,
  rescale: true,
  flameGraphs: true,
  flameGraphDuration: 50,
  allowOrigin: undefined,
  allowedHosts: [],
  refreshInterval: 3000,
  // No test but those that are about them comes to these.
  webTimeout: 60_000,
  uploadTimeout: 60_000,
  requestTimeout: 60_000,
  clock: new StandingClock(),
  log: () => undefined,
  ui: undefined,
  ...settings,
});

/** Starts a server on loopback. `await using server = await serving()`. */
export async function serving(
  settings: Partial<RestSettings> = {},
  gatewayOverrides: Partial<DispatcherGateway> = {},
): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-rest-"));
  const uploads = join(folder, "uploads");
  const logged: string[] = [];
  const gateway = scriptedGateway(gatewayOverrides);
  const server = await createRestServer(
    gateway,
    restSettingsForTests({
      uploadDirectory: uploads,
      log: (level, message, error) =>
        void logged.push(`${level} ${message}${error instanceof Error ? ` ${error.message}` : ""}`),
      ...settings,
    }),
  );
  const ask = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}${path}`, { method, ...init });
  return {
    url: server.url,
    port: server.port,
    gateway,
    uploads,
    logged,
    ask,
    json: async (path) => {
      const response = await ask("GET", path);
      return response.json();
    },
    send: (method, path, body) =>
      ask(
        method,
        path,
        body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "content-type": "application/json" } },
      ),
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
