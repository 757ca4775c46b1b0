import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, get } from "node:https";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadInternalTls, loadRestTls } from "../../packages/millrace/src/cluster/transport/load-tls.ts";

const PAGE = new URL("../../docs/operations.md", import.meta.url);
const withoutOpenssl =
  spawnSync("openssl", ["version"]).status !== 0 || spawnSync("sh", ["-c", ":"]).status !== 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-certificates-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

// Skipped without the program that the page uses.
it.skipIf(withoutOpenssl)("the certificates that the page makes are ones that a cluster takes", async () => {
  const [, script] = /```sh\n(umask [^]*?)```/u.exec(readFileSync(PAGE, "utf8")) ?? [];
  execFileSync("sh", ["-ec", script as string], { cwd: folder, stdio: "pipe" });
  const path = (name: string): string => join(folder, name);
  const settings = (kind: string, keystore: string): Record<string, unknown> => ({
    [`security.ssl.${kind}.enabled`]: true,
    [`security.ssl.${kind}.keystore`]: path(keystore),
    [`security.ssl.${kind}.truststore`]: path(`${kind}-ca.pem`),
  });
  const now = performance.timeOrigin + performance.now();
  const processes = await loadInternalTls(settings("internal", "node.pem"), now);
  const rest = await loadRestTls({
    ...settings("rest", "jobmanager.pem"),
    "security.ssl.rest.authentication-enabled": true,
  });
  const operator = await loadRestTls(settings("rest", "operator.pem"));
  expect(readFileSync(path("rest-token"), "utf8")).toMatch(/^[0-9a-f]{64}\n$/u);

  for (const [server, client] of [
    [processes?.server, processes?.client],
    [rest?.server, operator?.client],
  ] as const) {
    const listening = createServer(server ?? {}, (_, response) => response.end()).listen(0, "127.0.0.1");
    await once(listening, "listening");
    const { port } = listening.address() as AddressInfo;
    const asked = get({ ...client, host: "127.0.0.1", port, agent: false });
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.destroy();
    listening.close();
  }
});
