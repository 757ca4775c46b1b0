import { describe, expect, it } from "vitest";
import { serving } from "../cluster/job-manager/rest/testing/serving.ts";
import { createAuthority } from "../cluster/transport/testing/certificates.ts";
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

  it.for([
    ["no certificate of its own", { ca: authority.certificate }],
    ["a certificate of somebody else", { ca: authority.certificate, ...other() }],
    [
      "an authority that did not sign the cluster's",
      { ca: createAuthority("else").certificate, ...identity },
    ],
  ] as const)("is refused with %s", async ([, tls]) => {
    await using server = await mutual();
    await expect(clientOf(`127.0.0.1:${server.port}`, tls).overview()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
    });
  });

  it("says so where it speaks plainly to a TLS port", async () => {
    await using server = await mutual();
    await expect(clientOf(`http://127.0.0.1:${server.port}`).overview()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
    });
    expect(() => clientOf("http://127.0.0.1:1", identity)).toThrow("an address without TLS");
  });
});

function other(): ClientTls {
  const stranger = createAuthority("stranger").issue("client");
  return { cert: stranger, key: stranger };
}
