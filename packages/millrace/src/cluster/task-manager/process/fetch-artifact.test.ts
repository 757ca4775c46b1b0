import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { knowsToken } from "../../transport/bearer-token.ts";
import { loadInternalTls } from "../../transport/load-tls.ts";
import type { InternalTls } from "../../transport/load-tls.ts";
import { createAuthority } from "../../transport/testing/certificates.ts";
import { fetchArtifact } from "./fetch-artifact.ts";
import { referenceTo } from "./testing/scripted-task-manager.ts";

const BYTES = Buffer.from("export default 1;\n".repeat(100_000));
const ARTIFACT = referenceTo(BYTES);
const signal = new AbortController().signal;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "millrace-fetch-"))));
afterEach(() => rm(folder, { recursive: true }));

it("fetches over mutual TLS, with the cluster's token, and leaves nothing of what has failed", async () => {
  const authority = createAuthority("authority");
  await writeFile(join(folder, "ca.pem"), authority.certificate);
  await writeFile(join(folder, "node.pem"), authority.issue("node"));
  const settings = {
    "security.ssl.internal.enabled": true,
    "security.ssl.internal.keystore": join(folder, "node.pem"),
    "security.ssl.internal.truststore": join(folder, "ca.pem"),
  };
  const tls = (await loadInternalTls(settings, Date.UTC(2026))) as InternalTls;
  let cut = false;
  const server = createServer(tls.server, ({ url, headers }, response) => {
    if (!knowsToken(headers, "sesame")) return void response.writeHead(401).end();
    if (url !== `/artifacts/${ARTIFACT.sha256}`) return void response.writeHead(404).end();
    if (!cut) return void response.end(BYTES);
    response.writeHead(200, { "content-length": BYTES.length });
    response.write(BYTES.subarray(0, 1000), () => response.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const from = { host: "127.0.0.1", port, token: "sesame", tls: tls.client };
  try {
    cut = true;
    await expect(fetchArtifact(from, ARTIFACT, folder, signal)).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      retryable: true,
    });
    cut = false;
    for (const wrong of [
      { ...from, token: "other" },
      { ...from, tls: { ...tls.client, cert: undefined, key: undefined } },
      { ...from, tls: undefined },
    ])
      await expect(fetchArtifact(wrong, ARTIFACT, folder, signal)).rejects.toMatchObject({
        code: "CONNECTION_LOST",
      });
    const longer = { ...ARTIFACT, bytes: BYTES.length - 1 };
    await expect(fetchArtifact(from, longer, folder, signal)).rejects.toMatchObject({
      code: "PROTOCOL_VIOLATION",
    });
    const given = AbortSignal.abort();
    await expect(fetchArtifact(from, ARTIFACT, folder, given)).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
    await expect(fetchArtifact(from, ARTIFACT, join(folder, "gone"), signal)).rejects.toMatchObject({
      code: "SLOT_LOST",
      message: expect.stringMatching(/can't be written to .*gone: ENOENT/u),
    });
    expect((await readdir(folder)).sort()).toEqual(["ca.pem", "node.pem"]);
    const path = await fetchArtifact(from, ARTIFACT, folder, signal);
    expect(Buffer.compare(await readFile(path), BYTES)).toBe(0);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
