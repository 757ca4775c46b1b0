import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { MillraceError } from "../common/errors/millrace-error.ts";
import type { JobId } from "../common/ids/ids.ts";
import { engineVersion } from "../cluster/engine-version.ts";
import type { RunRequest, TriggerRequest } from "../cluster/job-manager/dispatcher/dispatcher-gateway.ts";
import { JOB, sampleJob, SOURCE } from "../cluster/job-manager/rest/testing/sample-job.ts";
import { LOG, operation } from "../cluster/job-manager/rest/testing/scripted-gateway.ts";
import { serving } from "../cluster/job-manager/rest/testing/serving.ts";
import { artifactHeaderLine } from "../protocol/cluster/artifact-header.ts";
import { ClusterClient } from "./cluster-client.ts";
import { restUrl } from "./connect-options.ts";
import type { JobArtifact } from "./submit-options.ts";

const artifact = (version = engineVersion()): JobArtifact => {
  const header = { engineVersion: version, originalUrl: "file:///jobs/count.ts" };
  return { name: "count.mjs", header, bytes: Buffer.from(`${artifactHeaderLine(header)}export default 1;`) };
};
const noBundler = async (): Promise<JobArtifact> => artifact();
const clientOf = (address: string, token?: string): ClusterClient =>
  new ClusterClient({ address, retries: 1, ...(token === undefined ? {} : { token }) }, noBundler);

describe("a client of the REST API", () => {
  it("tells of the cluster, its jobs and its processes", async () => {
    await using server = await serving();
    const cluster = clientOf(server.url);
    expect(await cluster.overview()).toMatchObject({ taskmanagers: 1, "slots-total": 4 });
    expect((await cluster.jobs()).map(({ jid }) => jid)).toContain(JOB);
    expect((await cluster.taskManagers()).map(({ id }) => id)).toEqual(["tm-1"]);
    expect((await cluster.taskManager("tm-1")).slotsNumber).toBe(4);
    expect(await cluster.engineVersion()).toBe(engineVersion());
    expect((await cluster.logs()).map(({ name }) => name)).toContain(LOG);
    const whole = Buffer.from(await cluster.log({ name: LOG })).toString();
    expect(whole.length).toBeGreaterThan(3);
    expect(Buffer.from(await cluster.log({ name: LOG, from: 2 })).toString()).toBe(whole.slice(2));
    expect(Buffer.from(await cluster.log({ name: LOG, from: -2 })).toString()).toBe(whole.slice(-2));
    expect(await cluster.log({ name: LOG, from: whole.length })).toHaveLength(0);
    const job = cluster.job(JOB);
    expect((await job.details()).vertices.map(({ id }) => id)).toContain(SOURCE);
    expect(await job.vertexMetrics(SOURCE, ["0.numRecordsIn"])).toHaveProperty(["0.numRecordsIn"]);
    cluster.close();
  });

  it("uploads an artifact, runs it, and leaves nothing behind", async () => {
    const runs: RunRequest[] = [];
    const removed: string[] = [];
    await using server = await serving(
      {},
      {
        addArtifact: async ({ name }) => ({
          id: `0_${name}`,
          name,
          sha256: "0",
          bytes: 1,
          uploadedAt: 1,
          jobName: name,
          description: undefined,
        }),
        run: async (run) => {
          runs.push(run);
          return JOB;
        },
        removeArtifact: async (id) => void removed.push(id),
      },
    );
    const cluster = clientOf(server.url);
    const job = await cluster.submit(artifact(), {
      args: ["--input", "a b"],
      parallelism: 3,
      config: { "parallelism.default": 2 },
      restore: { path: "/s/1", claimMode: "CLAIM" },
    });
    expect(job.id).toBe(JOB);
    expect(runs).toEqual([
      {
        artifactId: expect.stringMatching(/^0_count-[0-9a-f]{8}\.mjs$/u),
        jobId: expect.stringMatching(/^[0-9a-f]{32}$/u),
        args: { argv: ["--input", "a b"] },
        config: { "parallelism.default": "2" },
        parallelism: 3,
        restore: { path: "/s/1", claimMode: "CLAIM", allowNonRestoredState: false },
      },
    ]);
    expect(removed).toEqual([runs[0]?.artifactId]);
    await cluster.submit("count.ts", { args: { input: 1 } });
    expect(runs[1]?.args).toEqual({ values: { input: 1 } });
  });

  it("sends nothing to a cluster of another version", async () => {
    await using server = await serving({}, { addArtifact: () => expect.unreachable() });
    await expect(clientOf(server.url).submit(artifact("millrace 9.9.9"))).rejects.toMatchObject({
      code: "VERSION_MISMATCH",
    });
  });

  it("waits for what takes long, and tells why it failed", async () => {
    const triggered: TriggerRequest[] = [];
    let asked = 0;
    let failure = undefined as MillraceError | undefined;
    await using server = await serving(
      {},
      {
        trigger: async (_, order) => {
          triggered.push(order);
          asked = 0;
          return "f".repeat(32);
        },
        operation: () => {
          const { kind } = triggered.at(-1) as TriggerRequest;
          if (asked++ < 2) return operation({ kind, status: "IN_PROGRESS", location: undefined });
          return operation({
            kind,
            checkpointId: 7,
            failure: failure && { code: failure.code, message: failure.message, stack: failure.stack ?? "" },
          });
        },
      },
    );
    const job = clientOf(server.url).job(JOB);
    expect(await job.savepoint("/s")).toBe("/savepoints/s-1");
    expect(await job.stop({ drain: true })).toBe("/savepoints/s-1");
    expect(await job.checkpoint()).toBe(7);
    expect(triggered).toEqual([
      { kind: "savepoint", directory: "/s" },
      { kind: "stop", directory: undefined, drain: true },
      { kind: "checkpoint" },
    ]);
    failure = new MillraceError("CHECKPOINT_EXPIRED", "it took too long");
    await expect(job.savepoint()).rejects.toMatchObject({
      code: "CHECKPOINT_EXPIRED",
      message: "it took too long",
    });
    const abort = new AbortController();
    abort.abort();
    await expect(job.savepoint(undefined, { signal: abort.signal })).rejects.toThrow("abort");
  });

  it("waits for the end of a job, and tells how it was", async () => {
    let view = sampleJob;
    await using server = await serving({}, { job: async () => view });
    const job = clientOf(server.url).job(JOB);
    const states: string[] = [];
    for await (const { state } of job.progress({ interval: 5 })) {
      states.push(state);
      if (states.length === 2) view = { ...sampleJob, status: "FAILED" };
    }
    expect(states).toEqual([sampleJob.status, sampleJob.status, "FAILED"]);
    await expect(job.result()).rejects.toMatchObject({
      code: "JOB_FAILED",
      cause: { code: sampleJob.exceptions[0]?.code },
    });
    view = { ...sampleJob, status: "CANCELED" };
    expect((await job.waitForEnd()).state).toBe("CANCELED");
    await expect(job.result()).rejects.toMatchObject({ code: "JOB_CANCELED" });
    view = { ...sampleJob, status: "FINISHED" };
    expect((await job.result()).jid).toBe(JOB);
  });

  it("maps refusals to their codes", async () => {
    await using server = await serving({ token: "hush", submit: false }, {});
    await expect(clientOf(server.url).overview()).rejects.toMatchObject({
      code: "NOT_AUTHORIZED",
      help: expect.stringContaining("security.rest.token-file"),
    });
    const cluster = clientOf(server.url, "hush");
    await expect(cluster.job("a".repeat(32)).status()).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(cluster.submit(artifact())).rejects.toMatchObject({
      code: "NOT_AUTHORIZED",
      message: "this JobManager does not allow that: web.submit.enable is false",
      // No token would help.
      help: undefined,
    });
    await expect(cluster.job("nonsense").status()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await using conflicting = await serving(
      {},
      {
        trigger: (id: JobId) => Promise.reject(new MillraceError("CONFLICT", `job ${id} has ended`)),
      },
    );
    await expect(clientOf(conflicting.url).job(JOB).checkpoint()).rejects.toMatchObject({ code: "CONFLICT" });
  });
});

describe("a client without a cluster", () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());
  const listen = async (
    ...answers: readonly (number | "destroy")[]
  ): Promise<{ url: string; asked: string[] }> => {
    const asked: string[] = [];
    server = createServer((request, response) => {
      const answer = answers[asked.length] ?? answers.at(-1);
      asked.push(`${request.method} ${request.url}`);
      if (answer === "destroy") request.socket.destroy();
      else response.writeHead(answer as number, { "x-millrace-code": "CLUSTER_UNREACHABLE" }).end("{}");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  };

  it("says so", async () => {
    await expect(clientOf("127.0.0.1:1").overview()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: expect.stringContaining("no JobManager answers at http://127.0.0.1:1"),
    });
  });

  it("asks again what changes nothing, and nothing else", async () => {
    const { url, asked } = await listen("destroy", 200, "destroy", 200);
    await clientOf(url).overview();
    await expect(clientOf(url).job(JOB).cancel()).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    expect(asked).toEqual(["GET /overview", "GET /overview", `PATCH /jobs/${JOB}?mode=cancel`]);
  });

  it("takes no other server for one", async () => {
    server = createServer((_, response) => void response.writeHead(404).end("<html>")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await expect(clientOf(`127.0.0.1:${port}`).overview()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
    });
  });

  it("gives up after its timeout", async () => {
    server = createServer(() => {}).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const cluster = new ClusterClient({ address: `localhost:${port}`, timeout: 50, retries: 0 }, noBundler);
    await expect(cluster.overview()).rejects.toThrow("no answer within 50 ms");
    server.closeAllConnections();
  });
});

describe("addresses", () => {
  it.for([
    ["localhost", false, "http://localhost:8081/"],
    ["10.0.0.1:80", false, "http://10.0.0.1/"],
    ["[::1]:9000", false, "http://[::1]:9000/"],
    ["cluster", true, "https://cluster:8081/"],
    ["https://cluster.example.com", false, "https://cluster.example.com/"],
    ["http://cluster/millrace/", false, "http://cluster:8081/millrace"],
  ] as const)("%s (TLS: %s) is %s", ([address, tls, url]) => expect(restUrl(address, tls).href).toBe(url));

  it.for(["", "ftp://cluster", "a b", "http://"])("%s is none", (address) =>
    expect(() => restUrl(address, false)).toThrow(MillraceError),
  );
});
