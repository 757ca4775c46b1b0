import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadInternalTls, loadRestTls } from "./load-tls.ts";
import type { TlsEnds } from "./load-tls.ts";
import { createAuthority } from "./testing/certificates.ts";
import { connectionSuite } from "./testing/connection-suite.ts";
import { serveConnections } from "./testing/served-connections.ts";

/** All certificates are valid then, but for the one that has expired. */
const NOW = Date.UTC(2026);
let folder: string;
const path = (name: string): string => join(folder, name);
const settings = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  "security.ssl.internal.enabled": true,
  "security.ssl.internal.keystore": path("node.pem"),
  "security.ssl.internal.truststore": path("ca.pem"),
  ...changes,
});
const internal = async (changes?: Readonly<Record<string, unknown>>): Promise<TlsEnds> =>
  (await loadInternalTls(settings(changes), NOW)) as TlsEnds;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-tls-"));
  const ours = createAuthority("the cluster's authority");
  const theirs = createAuthority("another authority");
  await writeFile(path("ca.pem"), ours.certificate);
  await writeFile(path("node.pem"), ours.issue("node"));
  await writeFile(path("locked.pem"), ours.issue("node", "hush"));
  await writeFile(path("expired.pem"), ours.issue("node", undefined, { expired: true }));
  await writeFile(path("stranger.pem"), theirs.issue("stranger"));
  await writeFile(path("stranger-ca.pem"), theirs.certificate);
  await writeFile(path("text.pem"), "no certificate");
});
afterAll(() => rm(folder, { recursive: true }));

connectionSuite("WebSocket over mutual TLS", async () => {
  const served = await serveConnections({ tls: await internal() });
  const accepted = served.accepted();
  const jobManager = await served.connect();
  return {
    jobManager,
    taskManager: await accepted,
    cut: () => served.sockets().forEach((socket) => socket.destroy()),
    dispose: () => served.close(),
  };
});

describe("TLS between processes", () => {
  it.each([
    ["without a certificate", { cert: undefined, key: undefined }],
    ["with a stranger's certificate", "stranger.pem"],
  ])("refuses who comes %s", async (_, identity) => {
    const tls = await internal();
    const client =
      typeof identity === "string"
        ? (await internal({ "security.ssl.internal.keystore": path(identity) })).client
        : { ...tls.client, ...identity };
    const served = await serveConnections({ tls: { server: tls.server, client } });
    let accepted = false;
    void served.accepted().then(() => (accepted = true));
    await expect(served.connect()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      help: expect.stringContaining("security.ssl.internal.keystore"),
    });
    expect(accepted).toBe(false);
    await served.close();
  });

  it("talks to nobody that a stranger vouches for", async () => {
    const { server } = await internal({ "security.ssl.internal.keystore": path("stranger.pem") });
    const { client } = await internal();
    const served = await serveConnections({ tls: { server, client } });
    await expect(served.connect()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: expect.stringContaining("its certificate is not signed by an authority that is trusted here"),
      help: expect.stringContaining("security.ssl.internal.truststore"),
    });
    await served.close();
  });

  it("refuses who speaks without", async () => {
    const { server } = await internal();
    const served = await serveConnections({ tls: { server, client: undefined as never } });
    await expect(served.connect()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: expect.stringContaining("it has closed the connection without an answer"),
      help: expect.stringContaining("whether both sides have security.ssl.internal.enabled"),
    });
    await served.close();
  });

  it("opens a key by its password", async () => {
    const locked = { "security.ssl.internal.keystore": path("locked.pem") };
    await expect(internal(locked)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      help: expect.stringContaining("security.ssl.internal.key-password"),
    });
    const tls = await internal({ ...locked, "security.ssl.internal.key-password": "hush" });
    const served = await serveConnections({ tls });
    (await served.connect()).close();
    await served.close();
  });

  it("is not begun with a certificate whose time is over, or is still to come", async () => {
    const expired = { "security.ssl.internal.keystore": path("expired.pem") };
    await expect(internal(expired)).rejects.toThrow(/expired.pem.* valid from 2020-01-01.* to 2021-01-01/u);
    await expect(loadInternalTls(settings(), Date.UTC(2019))).rejects.toThrow(/not now/u);
  });

  it("is off by default", async () => {
    expect([await loadInternalTls({}, NOW), await loadRestTls({})]).toEqual([undefined, undefined]);
  });

  it.each([
    [
      { "security.ssl.internal.keystore": undefined },
      "security.ssl.internal.enabled needs security.ssl.internal.keystore",
    ],
    [{ "security.ssl.internal.truststore": undefined }, "needs security.ssl.internal.truststore"],
    [{ "security.ssl.internal.keystore": "/nowhere.pem" }, "option security.ssl.internal.keystore: ENOENT"],
  ])("says what is missing: %j", async (changes, message) => {
    await expect(internal(changes)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(message),
    });
  });

  it("says which file is none", async () => {
    await expect(internal({ "security.ssl.internal.truststore": path("text.pem") })).rejects.toThrow(
      /option security.ssl.internal.truststore must be a PEM file; .*text.pem has no certificate/u,
    );
    await expect(internal({ "security.ssl.internal.keystore": path("ca.pem") })).rejects.toThrow(
      /option security.ssl.internal.keystore must be a PEM file with a certificate and its private key/u,
    );
  });
});

describe("TLS of the REST API", () => {
  it("asks clients for certificates only where it is told to", async () => {
    const rest = {
      "security.ssl.rest.enabled": true,
      "security.ssl.rest.keystore": path("node.pem"),
      "security.ssl.rest.truststore": path("ca.pem"),
    };
    expect((await loadRestTls(rest))?.server).not.toHaveProperty("requestCert");
    const mutual = await loadRestTls({ ...rest, "security.ssl.rest.authentication-enabled": true });
    expect(mutual?.server).toMatchObject({ requestCert: true, rejectUnauthorized: true });
    const client = await loadRestTls({ "security.ssl.rest.enabled": true });
    expect(client?.client).toMatchObject({ rejectUnauthorized: true });
    expect(() => client?.server).toThrow("security.ssl.rest.enabled needs security.ssl.rest.keystore");
  });
});
