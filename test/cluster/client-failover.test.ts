import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClusterClient } from "../../packages/millrace/src/client/cluster-client.ts";
import type { SubmittedJob } from "../../packages/millrace/src/client/job/submitted-job.ts";
import type { JobArtifact } from "../../packages/millrace/src/client/submit-options.ts";
import { engineVersion } from "../../packages/millrace/src/cluster/engine-version.ts";
import type { JobManager } from "../../packages/millrace/src/cluster/job-manager/process/start-job-manager.ts";
import {
  durable,
  startScripted,
  until,
} from "../../packages/millrace/src/cluster/job-manager/process/testing/scripted-cluster.ts";
import type { ScriptedJobMaster } from "../../packages/millrace/src/cluster/job-manager/process/testing/scripted-job-master.ts";
import type { VertexId } from "../../packages/millrace/src/common/ids/ids.ts";
import type { VertexView } from "../../packages/millrace/src/protocol/cluster/job-view.ts";
import { artifactHeaderLine } from "../../packages/millrace/src/protocol/cluster/artifact-header.ts";
import { Link } from "../chaos/link.ts";

/*
 * JobManagers that follow each other at one address, in this process, with their store on disk; what user code does is scripted. The connection
 * is cut, another JobManager takes the lead (which fences the one before), and the address leads to it.
 */

let folder: string;
let link: Link;
let client: ClusterClient;
const managers: JobManager[] = [];
/** Threads of jobs, of all JobManagers, in the order in which they began. */
const masters: ScriptedJobMaster[] = [];

const header = { engineVersion: engineVersion(), originalUrl: "file:///jobs/count.ts", jobName: "count" };
const artifact: JobArtifact = {
  name: "count.mjs",
  header,
  bytes: Buffer.from(`${artifactHeaderLine(header)}export default 1;`),
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-failover-"));
  link = await Link.open(0);
  link.state = "cut";
  const address = `127.0.0.1:${link.port}`;
  client = new ClusterClient({ address, retries: 0, patience: 60_000 }, () => expect.unreachable());
});
afterEach(async () => {
  client.close();
  await link.close();
  // They are let go, or cancelled.
  for (const master of masters) master.answering = true;
  await Promise.allSettled(managers.splice(0).map((manager) => manager.close()));
  masters.length = 0;
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** Another JobManager leads, and the address leads to it. */
async function lead(available = true): Promise<JobManager> {
  const manager = await startScripted(folder, masters, available ? durable(folder) : []);
  managers.push(manager);
  link.target = manager.restPort;
  link.state = "open";
  return manager;
}

async function masterOf(number: number): Promise<ScriptedJobMaster> {
  const master = await until(() => masters[number]);
  await master.task;
  return master;
}

async function submitted(): Promise<{ job: SubmittedJob; master: ScriptedJobMaster }> {
  const submission = client.submit(artifact);
  const master = await masterOf(0);
  master.built();
  const job = await submission;
  master.runs();
  expect(await job.status()).toBe("RUNNING");
  return { job, master };
}

const heard = (master: ScriptedJobMaster, method: string): Promise<unknown> =>
  until(() => master.received.some((message) => message.type === "call" && message.call.method === method));

/** Its outcome; never rejects before somebody looks. */
function outcome<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

describe("a client whose JobManager dies", () => {
  it("has its job run once, though the answer to the submission was lost", async () => {
    await lead();
    const submission = outcome(client.submit(artifact));
    const master = await masterOf(0);
    link.state = "cut";
    master.built();
    await until(() => master.received.some(({ type }) => type === "settledRecorded"));
    await lead();
    const successor = await masterOf(1);
    successor.runs();
    const job = await submission;
    expect(await successor.task).toMatchObject({ recovering: true, submission: { jobId: job.id } });
    expect(masters).toHaveLength(2);
    expect(await client.jobs()).toHaveLength(1);
    // Its upload is gone, too.
    await until(async () => (await client.artifacts()).length === 0);
  });

  it("follows its job to the end that the one before has recorded", async () => {
    await lead();
    const { job, master } = await submitted();
    const silences: string[] = [];
    const states: string[] = [];
    const following = outcome(
      (async () => {
        const onSilent = ({ message }: Error): void => void silences.push(message);
        for await (const { state } of job.progress({ interval: 20, onSilent })) states.push(state);
        return job.result();
      })(),
    );
    await until(() => states.length > 0);
    link.state = "cut";
    await until(() => silences.length > 0);
    master.say({ type: "ending", status: "FINISHED", view: master.view });
    await until(() => master.received.some(({ type }) => type === "endRecorded"));
    await lead();
    expect(await following).toMatchObject({ jid: job.id, state: "FINISHED", name: "scripted" });
    expect(states.at(-1)).toBe("FINISHED");
    expect(silences[0]).toMatch(/^no JobManager answers at http:\/\/127\.0\.0\.1:\d+: /u);
    expect(masters).toHaveLength(1);
  });

  it("learns what became of its stop, its savepoint and its checkpoint", async () => {
    await lead();
    const { job, master } = await submitted();
    master.answering = false;
    const asked = [
      outcome(job.stop({ directory: join(folder, "s") })),
      outcome(job.savepoint(join(folder, "s"))),
      outcome(job.checkpoint()),
    ];
    for (const method of ["stop", "savepoint", "checkpoint"]) await heard(master, method);
    link.state = "cut";
    await lead();
    (await masterOf(1)).runs();
    for (const each of asked) {
      await expect(each).rejects.toMatchObject({
        code: "OPERATION_LOST",
        message: expect.stringMatching(/^the JobManager died during the \w+ of job /u),
        help: expect.stringMatching(/\w/u),
      });
    }
    expect(await job.status()).toBe("RUNNING");
  });

  it("gets the savepoint that was taken while nobody could tell it", async () => {
    await lead();
    const { job, master } = await submitted();
    master.answering = false;
    const asked = outcome(job.savepoint());
    await heard(master, "savepoint");
    link.state = "cut";
    const { request } = master.received.find(
      (message) => message.type === "call" && message.call.method === "savepoint",
    ) as {
      request: number;
    };
    master.say({ type: "reply", request, value: { path: "/savepoints/7" } });
    await until(() => recorded("/savepoints/7"));
    await lead();
    expect(await asked).toBe("/savepoints/7");
  });

  it("has its job cancelled by the next one", async () => {
    await lead();
    const { job, master } = await submitted();
    master.answering = false;
    const cancelled = outcome(job.cancel());
    await heard(master, "cancel");
    link.state = "cut";
    await lead();
    (await masterOf(1)).runs();
    await cancelled;
    expect((await job.waitForEnd()).state).toBe("CANCELED");
  });

  it("has its job rescaled by the next one", async () => {
    await lead();
    const { job, master } = await submitted();
    const vertex = (parallelism: number): VertexView => ({
      id: "a".repeat(32) as VertexId,
      name: "map",
      parallelism,
      maxParallelism: 128,
      slotSharingGroup: "default",
      operators: [],
      subtasks: [],
    });
    master.view = { ...master.view!, vertices: [vertex(1)] };
    const rescaled = outcome(job.rescale(3));
    await heard(master, "requirements");
    link.state = "cut";
    await lead();
    const successor = await masterOf(1);
    successor.runs();
    successor.view = { ...successor.view!, vertices: [vertex(1)] };
    await heard(successor, "requirements");
    successor.view = { ...successor.view, vertices: [vertex(3)] };
    expect((await rescaled).vertices).toMatchObject([{ from: 1, to: 3 }]);
  });

  it("is told that its job is lost, where jobs end with their JobManager", async () => {
    await lead(false);
    const { job, master } = await submitted();
    master.answering = false;
    const asked = [outcome(job.result()), outcome(job.stop())];
    await heard(master, "stop");
    link.state = "cut";
    await lead(false);
    for (const each of asked) {
      await expect(each).rejects.toMatchObject({
        code: "JOB_LOST",
        message: expect.stringContaining(`no longer knows job ${job.id}`),
        help: expect.stringContaining("high-availability.type"),
      });
    }
    // Who never knew it asks for nothing that was lost.
    await expect(client.job(job.id).status()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("waits for nobody who has never answered", async () => {
    await expect(client.job("a".repeat(32)).savepoint()).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
    });
    await expect(client.submit(artifact)).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
  });
});

/** Whether that was recorded of what was asked for. */
async function recorded(result: string): Promise<boolean> {
  const operations = join(folder, "ha", "default", "operations");
  const texts = (await readdir(operations)).map((name) =>
    readFile(join(operations, name), "utf8").catch(() => ""),
  );
  return (await Promise.all(texts)).some((text) => text.includes(result));
}
