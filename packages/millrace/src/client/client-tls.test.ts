import { describe, expect, it } from "vitest";
import { serving } from "../cluster/job-manager/rest/testing/serving.ts";
import { createAuthority } from "../cluster/transport/testing/certificates.ts";
import type { Peculiarities, TestAuthority } from "../cluster/transport/testing/certificates.ts";
import { ClusterClient } from "./cluster-client.ts";
import type { ClientTls } from "./connect-options.ts";

const authority = createAuthority("cluster");
const pem = authority.issue("rest");
const identity = { cert: pem, key: pem };

const mutual = () =>
  serving({
    tls: { ...identity, ca: authority.certificate, requestCert: true, rejectUnauthorized: true },
  });
const clientOf = (address: string, tls?: ClientTls): ClusterClient =>
  new ClusterClient({ address, retries: 0, ...(tls === undefined ? {} : { tls }) }, () =>
    expect.unreachable(),
  );

describe("a client behind TLS", () => {
  it("shows its certificate, and trusts the cluster's authority", async () => {
    await using server = await mutual();
    const own = authority.issue("client", "hush");
    const cluster = clientOf(`127.0.0.1:${server.port}`, {
      ca: authority.certificate,
      cert: own,
      key: own,
      passphrase: "hush",
    });
    expect((await cluster.overview()).taskmanagers).toBe(1);
    cluster.close();
  });

  it.for<readonly [string, ClientTls, string, RegExp, RegExp]>([
    [
      "no certificate of its own",
      { ca: authority.certificate },
      "NOT_AUTHORIZED",
      /has refused this client: it asks for a certificate, and was shown none$/u,
      /security\.ssl\.rest\.keystore/u,
    ],
    [
      "a certificate of somebody else",
      { ca: authority.certificate, ...certificateOf(createAuthority("stranger")) },
      "CLUSTER_UNREACHABLE",
      /it has closed the connection without an answer$/u,
      /signed by an authority in the cluster's security\.ssl\.rest\.truststore/u,
    ],
    [
      "a certificate that has expired",
      { ca: authority.certificate, ...certificateOf(authority, { expired: true }) },
      "NOT_AUTHORIZED",
      /its certificate has expired at 2021-01-01T00:00:00\.000Z$/u,
      /security\.ssl\.rest\.keystore/u,
    ],
    [
      "an authority that did not sign the cluster's",
      { ca: createAuthority("else").certificate, ...identity },
      "CLUSTER_UNREACHABLE",
      /can't be trusted: its certificate is not signed by an authority that is trusted here$/u,
      /security\.ssl\.rest\.truststore/u,
    ],
    [
      "another name for the cluster",
      { ca: authority.certificate, ...identity, servername: "cluster.example" },
      "CLUSTER_UNREACHABLE",
      /can't be trusted: its certificate is for DNS:localhost, IP Address:127\.0\.0\.1, not for that host$/u,
      /subjectAltName/u,
    ],
  ])("is refused with %s, and says what to do", async ([, tls, code, message, help]) => {
    await using server = await mutual();
    await expect(clientOf(`127.0.0.1:${server.port}`, tls).overview()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      help: expect.stringMatching(help),
    });
  });

  it("says so where one side speaks TLS, and the other doesn't", async () => {
    await using server = await mutual();
    await expect(clientOf(`http://127.0.0.1:${server.port}`).overview()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      help: expect.stringContaining("write https://"),
    });
    await using plain = await serving();
    await expect(clientOf(`https://127.0.0.1:${plain.port}`, {}).overview()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: expect.stringContaining("can't be spoken to: it does not speak TLS"),
      help: expect.stringContaining("write http://"),
    });
    await expect
      .poll(() => plain.logged.join("\n"))
      .toMatch(
        /warn 127\.0\.0\.1:\d+ broke HTTP: this port speaks no TLS \(security\.ssl\.rest\.enabled is off\)/u,
      );
    expect(() => clientOf("http://127.0.0.1:1", identity)).toThrow("an address without TLS");
  });
});

function certificateOf(of: TestAuthority, peculiarities: Peculiarities = {}): ClientTls {
  const both = of.issue("client", undefined, peculiarities);
  return { cert: both, key: both };
}
