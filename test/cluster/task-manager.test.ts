import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SystemClock } from "../../packages/millrace/src/common/clock/system-clock.ts";
import { jobId } from "../../packages/millrace/src/common/ids/ids.ts";
import { bundleJob } from "../../packages/millrace/src/cluster/artifact/bundle-job.ts";
import { loadJob } from "../../packages/millrace/src/cluster/artifact/load-job.ts";
import type { JobMaster } from "../../packages/millrace/src/cluster/job-manager/job-master/job-master.ts";
import { buildModule } from "../../packages/millrace/src/cluster/local/start-module.ts";
import { startJob } from "../../packages/millrace/src/cluster/local/start-job.ts";
import { startTaskManager } from "../../packages/millrace/src/cluster/task-manager/process/start-task-manager.ts";
import type { RunningTaskManager } from "../../packages/millrace/src/cluster/task-manager/process/start-task-manager.ts";
import { ScriptedJobManager } from "../../packages/millrace/src/cluster/task-manager/process/testing/scripted-job-manager.ts";
import { referenceTo } from "../../packages/millrace/src/cluster/task-manager/process/testing/scripted-task-manager.ts";
import type { ScriptedTaskManager } from "../../packages/millrace/src/cluster/task-manager/process/testing/scripted-task-manager.ts";
import { CapturedStreams } from "./captured-streams.ts";

let folder: string;
let jobManager: ScriptedJobManager;
let taskManager: RunningTaskManager;

beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "millrace-tm-"))));
afterEach(async () => {
  await taskManager.close();
  await jobManager.close();
  await rm(folder, { recursive: true });
});

const start = async (settings: Readonly<Record<string, unknown>> = {}): Promise<RunningTaskManager> =>
  (taskManager = await startTaskManager({
    settings: {
      "jobmanager.rpc.port": jobManager.port,
      "taskmanager.resource-id": "tm-a",
      "taskmanager.numberOfTaskSlots": 4,
      "taskmanager.registration.initial-backoff": 10,
      "taskmanager.registration.max-backoff": 50,
      "env.log.dir": join(folder, "log"),
      "env.log.level": "debug",
      "io.tmp.dirs": folder,
      ...settings,
    },
    origins: {},
  }));

const noJob = {
  token: { epoch: 0, jobId: jobId(new Uint8Array(16)), attempt: 1 },
  jobName: "nothing",
  channels: [],
  networkMemory: undefined,
};
const NO_MODULE = Buffer.from("export default 1;\n");

/** Runs the job in slots of the TaskManager, with a JobMaster in this thread. */
async function run(
  peer: ScriptedTaskManager,
  args: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>> = {},
  module = "./jobs/in-order.ts",
): Promise<{ master: JobMaster; log: readonly string[] }> {
  const bundle = await bundleJob(new URL(module, import.meta.url).href);
  try {
    const bytes = await readFile(fileURLToPath(bundle.url));
    const artifact = referenceTo(bytes, bundle.originalUrl);
    jobManager.artifacts.set(artifact.sha256, bytes);
    const built = buildModule(await loadJob(bundle), { parallelism: 3, args, config });
    const log: string[] = [];
    const master = await startJob({
      ...built,
      program: { kind: "artifact", sha256: artifact.sha256, originalUrl: bundle.originalUrl },
      clock: new SystemClock(),
      streams: new CapturedStreams(),
      packed: false,
      slots: peer.slots(artifact),
      restore: undefined,
      log: (_, message) => log.push(message),
    });
    return { master, log };
  } finally {
    await bundle.dispose();
  }
}

describe("a TaskManager", () => {
  it("registers, says how it is, and ends in order when it is told to", async () => {
    jobManager = await ScriptedJobManager.listen({ heartbeatInterval: 20 });
    const { dataPort, ended } = await start();
    const peer = await jobManager.registered();
    expect(peer.description).toMatchObject({
      taskManagerId: "tm-a",
      host: "127.0.0.1",
      dataPort,
      slots: 4,
      exclusiveJobs: false,
      pid: process.pid,
      engineVersion: expect.stringMatching(/^millrace \d/u),
    });
    const { health } = await peer.message("heartbeat");
    expect(health.residentMemory).toBeGreaterThan(1_000_000);
    expect(Object.values(health).every((value) => value >= 0)).toBe(true);
    peer.send({ type: "shutdown" });
    await peer.lost;
    expect(await ended).toBeUndefined();
  });

  it("ends with the reason when it is refused for its version", async () => {
    const error = {
      name: "MillraceError",
      message: "the JobManager runs millrace 0.0.9",
      code: "VERSION_MISMATCH",
      stack: undefined,
      help: undefined,
      retryable: false,
      details: {},
      cause: undefined,
    };
    jobManager = await ScriptedJobManager.listen({ answer: () => ({ type: "refused", error }) });
    const { ended } = await start();
    expect(await ended).toMatchObject({ code: "VERSION_MISMATCH", message: error.message });
  });

  it("gives up when there is no JobManager for too long", async () => {
    jobManager = await ScriptedJobManager.listen();
    await jobManager.close();
    const { ended } = await start({ "taskmanager.registration.timeout": 100 });
    expect(await ended).toMatchObject({ code: "CLUSTER_UNREACHABLE" });
  });

  it("runs a job in its slots, from an artifact that it has fetched once", async () => {
    jobManager = await ScriptedJobManager.listen();
    const { logPath } = await start();
    const peer = await jobManager.registered();
    for (let times = 0; times < 2; times++) {
      const { master } = await run(peer, { count: 20_000 });
      let counted = 0;
      master.results.listen("counts", (batch) => {
        counted += batch.count;
        batch.taken();
      });
      const { status, error } = await master.done;
      expect([status, error]).toEqual(["FINISHED", undefined]);
      expect(counted).toBe(10);
    }
    expect(jobManager.fetched).toHaveLength(1);
    expect(await readFile(logPath.replace(/log$/u, "out"), "utf8")).toBe("the first number\n".repeat(2));
    const gone = peer.received.filter(({ type }) => type === "slotGone");
    expect(gone).toHaveLength(6);
    expect(await peer.ask({ kind: "metrics" })).toMatchObject({
      taskSlotsAvailable: 4,
      "Status.Network.exchanges": 0,
    });
  });

  it("tells of a slot whose thread dies; the job goes on in others, and the process lives", async () => {
    jobManager = await ScriptedJobManager.listen();
    await start();
    const peer = await jobManager.registered();
    const { master } = await run(peer, { count: 20_000, die: true });
    const { status, error } = await master.done;
    expect(status).toBe("FAILED");
    expect(error).toMatchObject({ code: "SLOT_LOST" });
    const { error: reason } = await peer.message("slotGone", (message) => message.error !== undefined);
    expect(reason).toMatchObject({
      code: "SLOT_LOST",
      message: expect.stringMatching(/slot tm-a\/\d+, which ran job .* has ended: process\.exit/u),
    });
    const again = await run(peer, { count: 100 });
    expect((await again.master.done).status).toBe("FINISHED");
  });

  it("keeps copies of a job's state until the job is over, and restores tasks from them", async () => {
    jobManager = await ScriptedJobManager.listen();
    const local = join(folder, "local");
    await start({ "execution.checkpointing.local-backup.dirs": local });
    const peer = await jobManager.registered();
    const checkpoints = join(folder, "checkpoints");
    const { master, log } = await run(
      peer,
      { output: join(folder, "output"), checkpoints },
      {
        "execution.checkpointing.interval": 50,
        "execution.checkpointing.dir": checkpoints,
        "execution.checkpointing.data-inline-threshold": 0,
        "execution.checkpointing.tolerable-failed-checkpoints": 100,
        "execution.state-recovery.from-local": true,
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.delay": 20,
      },
      "../recovery/jobs/forgetful.ts",
    );
    expect(await master.done).toMatchObject({ status: "FINISHED", error: undefined });
    expect(log.join("\n")).toMatch(/ [1-9]\d* bytes from local copies, 0 bytes from checkpoint/u);
    const [own = ""] = await readdir(local);
    expect(await readdir(join(local, own))).toEqual([master.jobId]);
    peer.send({ type: "forgetJob", jobId: master.jobId });
    await expect.poll(() => readdir(join(local, own))).toEqual([]);
    await taskManager.close();
    expect(await readdir(local)).toEqual([]);
  });

  it("divides the heap for tasks among its slots", async () => {
    jobManager = await ScriptedJobManager.listen();
    await start({ "taskmanager.memory.task.heap.size": 4 * 40 * 2 ** 20 });
    const peer = await jobManager.registered();
    expect(peer.description.hardware.slotHeap).toBe(40 * 2 ** 20);
    const artifact = referenceTo(NO_MODULE);
    jobManager.artifacts.set(artifact.sha256, NO_MODULE);
    await peer.open(peer.order({ ...noJob, count: 1 }, artifact));
    const [, slot] = (await peer.ask({ kind: "threadDump" })) as { text: string }[];
    const [, limit] = /of ([\d.]+) MiB/u.exec(slot?.text ?? "") ?? [];
    expect(Number(limit)).toBeGreaterThan(30);
    expect(Number(limit)).toBeLessThan(60);
  });

  it("ends all slots when the connection is cut, and registers anew", async () => {
    jobManager = await ScriptedJobManager.listen();
    await start();
    const first = await jobManager.registered();
    const artifact = referenceTo(NO_MODULE);
    jobManager.artifacts.set(artifact.sha256, NO_MODULE);
    const order = first.order({ ...noJob, count: 4 }, artifact);
    expect(await first.open(order)).toMatchObject({ type: "slotsOpened" });
    expect(await first.ask({ kind: "metrics" })).toMatchObject({ taskSlotsAvailable: 0 });
    expect(await first.open(first.order({ ...noJob, count: 1 }, artifact))).toMatchObject({
      type: "slotsRefused",
      error: { code: "CONFLICT" },
    });
    first.connection.close("cut");
    const second = await jobManager.registered();
    expect(await second.ask({ kind: "metrics" })).toMatchObject({ taskSlotsAvailable: 4 });
    // The same names again: nothing is left of the former.
    expect(await second.open(order)).toMatchObject({ type: "slotsOpened" });
    second.send({ type: "closeSlot", allocation: order.orders[0]?.allocation as number });
    expect(await second.message("slotGone")).toMatchObject({ error: undefined });
  });

  it("answers nobody for what another connection has asked", async () => {
    jobManager = await ScriptedJobManager.listen();
    await start();
    const first = await jobManager.registered();
    const [there, late] = [referenceTo(NO_MODULE), referenceTo(Buffer.from("export default 2;\n"))];
    const bytes = Promise.withResolvers<Uint8Array>();
    jobManager.artifacts.set(there.sha256, NO_MODULE).set(late.sha256, bytes.promise);
    // The threads of the others have begun at the same time: nothing but the artifact is waited for.
    await first.open(first.order({ ...noJob, count: 2 }, there));
    void first.open(first.order({ ...noJob, count: 2 }, late));
    await expect.poll(() => jobManager.fetched).toHaveLength(2);
    first.connection.close("cut");
    const second = await jobManager.registered();
    bytes.resolve(Buffer.from("export default 2;\n"));
    expect(await second.open(second.order({ ...noJob, count: 2 }, late))).toMatchObject({
      type: "slotsOpened",
    });
    await second.ask({ kind: "metrics" });
    const answers = second.received.map(({ type }) => type).filter((type) => type !== "heartbeat");
    expect(answers).toEqual(["slotsOpened", "answer"]);
  });

  it("notices a JobManager that falls silent, and registers with the next, but with none that is older", async () => {
    jobManager = await ScriptedJobManager.listen({ epoch: 2, heartbeatTimeout: 150, beats: false });
    await start();
    const silent = await jobManager.registered();
    await silent.lost;
    const { port } = jobManager;
    await jobManager.close();
    const old = (jobManager = await ScriptedJobManager.listen({ port, epoch: 1 }));
    await (
      await old.registered()
    ).lost;
    await old.close();
    jobManager = await ScriptedJobManager.listen({ port, epoch: 3 });
    const current = await jobManager.registered();
    const artifact = referenceTo(NO_MODULE);
    jobManager.artifacts.set(artifact.sha256, NO_MODULE);
    const order = current.order({ ...noJob, count: 1 }, artifact);
    expect(await current.open(order)).toMatchObject({ type: "slotsRefused", error: { code: "FENCED" } });
    expect(await current.open({ ...order, token: { ...order.token, epoch: 3 } })).toMatchObject({
      type: "slotsOpened",
    });
  });

  it("refuses slots whose artifact is missing, or is another one, and takes the right one later", async () => {
    jobManager = await ScriptedJobManager.listen();
    await start();
    const peer = await jobManager.registered();
    const artifact = referenceTo(NO_MODULE);
    const ask = () => peer.open(peer.order({ ...noJob, count: 2 }, artifact));
    expect(await ask()).toMatchObject({ type: "slotsRefused", error: { code: "NOT_FOUND" } });
    for (const wrong of [Buffer.from("export default 2;\n"), Buffer.alloc(1000), Buffer.from("e")]) {
      jobManager.artifacts.set(artifact.sha256, wrong);
      expect(await ask()).toMatchObject({
        type: "slotsRefused",
        error: { code: "PROTOCOL_VIOLATION", retryable: true },
      });
    }
    jobManager.artifacts.set(artifact.sha256, NO_MODULE);
    const answers = await Promise.all([ask(), ask()]);
    expect(answers.map(({ type }) => type)).toEqual(["slotsOpened", "slotsOpened"]);
    expect(jobManager.fetched).toHaveLength(5);
    expect(await peer.ask({ kind: "metrics" })).toMatchObject({ taskSlotsAvailable: 0 });
    const odd = { ...artifact, sha256: "../../etc/passwd" };
    expect(await peer.open(peer.order({ ...noJob, count: 1 }, odd))).toMatchObject({ type: "slotsRefused" });
  });

  it("keeps jobs apart where it is told to", async () => {
    jobManager = await ScriptedJobManager.listen();
    await start({ "taskmanager.exclusive-jobs": true });
    const peer = await jobManager.registered();
    expect(peer.description.exclusiveJobs).toBe(true);
    const artifact = referenceTo(NO_MODULE);
    jobManager.artifacts.set(artifact.sha256, NO_MODULE);
    const open = (job: number) =>
      peer.open(
        peer.order(
          { ...noJob, count: 1, token: { ...noJob.token, jobId: jobId(new Uint8Array(16).fill(job)) } },
          artifact,
        ),
      );
    expect(await open(1)).toMatchObject({ type: "slotsOpened" });
    expect(await open(1)).toMatchObject({ type: "slotsOpened" });
    expect(await open(2)).toMatchObject({ type: "slotsRefused", error: { code: "CONFLICT" } });
  });

  it("answers questions about its logs, threads and itself", async () => {
    jobManager = await ScriptedJobManager.listen();
    await start();
    const peer = await jobManager.registered();
    const artifact = referenceTo(NO_MODULE);
    jobManager.artifacts.set(artifact.sha256, NO_MODULE);
    const order = peer.order({ ...noJob, count: 1 }, artifact);
    await peer.open(order);
    const logs = (await peer.ask({ kind: "logs" })) as { name: string; bytes: number }[];
    expect(logs.map(({ name }) => name)).toEqual([
      "millrace-taskmanager-tm-a.log",
      "millrace-taskmanager-tm-a.out",
    ]);
    const name = "millrace-taskmanager-tm-a.log";
    const head = (await peer.ask({ kind: "log", name, offset: 0, bytes: 200 })) as Uint8Array;
    expect(Buffer.from(head).toString()).toContain("TaskManager tm-a of millrace");
    await expect(
      peer.ask({ kind: "log", name: "../config.yaml", offset: 0, bytes: 1 }),
    ).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    expect(await peer.ask({ kind: "threadDump" })).toMatchObject([
      { threadName: "main" },
      {
        threadName: expect.stringContaining("millrace-slot"),
        text: expect.stringMatching(/^heap [\d.]+ of/u),
      },
    ]);
    const allocation = order.orders[0]?.allocation as number;
    expect(await peer.ask({ kind: "profile", allocation, duration: 20 })).toMatchObject({
      nodes: expect.any(Array),
      samples: expect.any(Array),
    });
    await expect(peer.ask({ kind: "profile", allocation: 99, duration: 20 })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(peer.ask({ kind: "profile", allocation, duration: 1e9 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(peer.ask({ kind: "other" } as never)).rejects.toMatchObject({ code: "INTERNAL" });
  });

  it("closes a connection that brings nonsense, and comes back", async () => {
    jobManager = await ScriptedJobManager.listen();
    await start();
    const peer = await jobManager.registered();
    peer.send({ type: "nonsense" } as never);
    await peer.lost;
    const again = await jobManager.registered();
    again.connection.sendToSlot(77, Buffer.from("for nobody"));
    again.send({ type: "openSlots", request: 1 } as never);
    await again.lost;
    expect((await jobManager.registered()).description.taskManagerId).toBe("tm-a");
  });

  it("ends a slot whose messages are nonsense by failing its attempt", async () => {
    jobManager = await ScriptedJobManager.listen();
    await start();
    const peer = await jobManager.registered();
    const artifact = referenceTo(NO_MODULE);
    jobManager.artifacts.set(artifact.sha256, NO_MODULE);
    const [slot] = await peer.slots(artifact).open({ ...noJob, count: 1, firstSlot: 0 });
    const failed = new Promise((resolve) => {
      if (slot !== undefined) slot.connection.onMessage = resolve;
    });
    peer.connection.sendToSlot(0, Buffer.from("nonsense"));
    expect(await failed).toMatchObject({ type: "slotFailed", error: { code: "PROTOCOL_VIOLATION" } });
    await slot?.connection.close();
  });
});
