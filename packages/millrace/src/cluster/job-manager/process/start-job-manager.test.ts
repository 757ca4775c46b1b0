import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import { artifactHeaderLine } from "../../../protocol/cluster/artifact-header.ts";
import { engineVersion } from "../../engine-version.ts";
import { bareRun } from "../dispatcher/bare-run.ts";
import type { ArtifactView, RunRequest } from "../dispatcher/dispatcher-gateway.ts";
import type { JobManager, StartJobManagerOptions } from "./start-job-manager.ts";
import { durable, startScripted, until } from "./testing/scripted-cluster.ts";
import type { ScriptedJobMaster } from "./testing/scripted-job-master.ts";
import { ScriptedTaskManager } from "./testing/scripted-task-manager.ts";

let folder: string;
let masters: ScriptedJobMaster[];
let managers: JobManager[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-jm-"));
  masters = [];
  managers = [];
});
afterEach(async () => {
  await Promise.allSettled(managers.map((manager) => manager.close()));
  // One that was replaced may be about to write its last.
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});

const start = (...more: readonly string[]): Promise<JobManager> => startWith({}, ...more);

async function startWith(options: StartJobManagerOptions, ...more: readonly string[]): Promise<JobManager> {
  const manager = await startScripted(folder, masters, more, options);
  managers.push(manager);
  return manager;
}

async function upload(
  { gateway }: JobManager,
  text = "export default 1;",
  jobName = "count",
): Promise<ArtifactView> {
  const path = join(folder, "upload.mjs");
  const header = {
    engineVersion: engineVersion(),
    originalUrl: "file:///jobs/count.ts",
    ...(jobName === "" ? {} : { jobName }),
  };
  await writeFile(path, artifactHeaderLine(header) + text);
  return gateway.addArtifact({ path, name: "count.mjs" });
}
const request = (artifactId: string, more: Partial<RunRequest> = {}): RunRequest => ({
  ...bareRun(artifactId),
  ...more,
});
const ID = "0123456789abcdef0123456789abcdef" as JobId;

/** Submits a job and lets it run. */
async function runJob(manager: JobManager, id: JobId = ID): Promise<ScriptedJobMaster> {
  const { id: artifactId } = await upload(manager);
  const running = manager.gateway.run(request(artifactId, { jobId: id }));
  const master = await until(() => masters.find(({ name }) => name === `job ${id}`));
  await master.task;
  master.built();
  expect(await running).toBe(id);
  master.runs();
  return master;
}
const lastMaster = async (count: number): Promise<ScriptedJobMaster> => {
  await until(() => masters.length >= count);
  const master = masters[count - 1] as ScriptedJobMaster;
  await master.task;
  return master;
};

describe("a JobManager", () => {
  it("runs a job in the slots of TaskManagers, and carries messages between them", async () => {
    const manager = await start();
    const { taskManager: a, answer } = await ScriptedTaskManager.register(manager.rpcPort, "tm1", 1);
    expect(answer).toMatchObject({ type: "registered", epoch: 1, heartbeatInterval: 50 });
    const { taskManager: b } = await ScriptedTaskManager.register(manager.rpcPort, "tm2", 1);
    const master = await runJob(manager);
    await master.openSlots(1, 2, manager.epoch);
    await until(() => master.slots.length === 2);
    expect(a.orders[0]?.exchange).toBe(b.orders[0]?.exchange);
    const [first, second] = master.slots.map(({ allocation }) => allocation) as [number, number];
    master.say({ type: "slotMessage", allocation: second, bytes: Buffer.from("deploy") });
    await until(() => b.slotMessages.length > 0);
    expect(b.slotMessages).toEqual([{ allocation: second, text: "deploy" }]);
    a.say(first, "running");
    await until(() => master.received.some(({ type }) => type === "slotMessage"));
    const told = master.received.find(({ type }) => type === "slotMessage");
    expect(told).toEqual({
      type: "slotMessage",
      allocation: first,
      bytes: new Uint8Array(Buffer.from("running")),
    });
    // Of a slot that is another's.
    master.say({ type: "slotMessage", allocation: 99, bytes: new Uint8Array(1) });
    expect(
      manager.gateway.taskManagers().map(({ freeSlots, allocated }) => [freeSlots, allocated.length]),
    ).toEqual([
      [0, 1],
      [0, 1],
    ]);
    b.connection.close();
    await until(() => master.received.some(({ type }) => type === "slotGone"));
    expect(master.received.at(-1)).toMatchObject({ type: "slotsAvailable", count: 1 });
    master.finish("FINISHED");
    await until(() => manager.gateway.taskManager("tm1").freeSlots === 1);
    expect(master.ended).toBe(true);
    expect((await manager.gateway.job(ID)).status).toBe("FINISHED");
    expect((await manager.gateway.jobs()).map(({ status }) => status)).toEqual(["FINISHED"]);
  });

  it("says why a job waits", async () => {
    const manager = await start();
    const master = await runJob(manager);
    await master.openSlots(1, 3, manager.epoch);
    await until(() => master.received.some(({ type }) => type === "slotsAvailable"));
    expect((await manager.gateway.job(ID)).waiting).toMatch(
      /^waiting for 3 slots, 0 are free for it, \d+ s of 300 s$/u,
    );
  });

  it("refuses TaskManagers of another version and without the token", async () => {
    const manager = await start("security.internal.token=hush");
    const token = "hush";
    const { answer } = await ScriptedTaskManager.register(manager.rpcPort, "tm1", 1, {
      token,
      version: "millrace 0",
    });
    expect(answer).toMatchObject({ type: "refused", error: { code: "VERSION_MISMATCH" } });
    await expect(ScriptedTaskManager.register(manager.rpcPort, "tm1", 1)).rejects.toMatchObject({
      code: "NOT_AUTHORIZED",
    });
    const { sha256 } = await upload(manager);
    const url = `http://127.0.0.1:${manager.rpcPort}/artifacts/${sha256}`;
    expect((await fetch(url)).status).toBe(401);
    const headers = { authorization: `Bearer ${token}` };
    const answered = await fetch(url, { headers });
    expect([answered.status, (await answered.text()).split("\n")[1]]).toEqual([200, "export default 1;"]);
    expect((await fetch(url.replace(sha256, "../etc/passwd"), { headers })).status).toBe(404);
    expect((await fetch(url, { headers, method: "POST" })).status).toBe(405);
  });

  it("tells why a job can't be built, and remembers nothing of it", async () => {
    const manager = await start();
    const { id } = await upload(manager);
    const refused = manager.gateway.run(request(id, { jobId: ID }));
    (await lastMaster(1)).unbuilt(new MillraceError("RESTORE_REFUSED", "no state for count"));
    await expect(refused).rejects.toMatchObject({ code: "RESTORE_REFUSED", message: "no state for count" });
    await expect(manager.gateway.job(ID)).rejects.toMatchObject({ code: "NOT_FOUND" });
    const plan = manager.gateway.plan(request(id));
    (await lastMaster(2)).built();
    expect(await plan).toEqual({ job: "scripted" });
    expect(masters.map(({ ended }) => ended)).toEqual([true, true]);
  });

  it("tells of an artifact what its first line says, else what its module says, which is loaded once", async () => {
    const manager = await start();
    const { gateway } = manager;
    await upload(manager);
    const unsaid = await upload(manager, "export default 2;", "");
    await upload(manager, "export default 2;", "");
    const broken = await upload(manager, "export default 3;", "");
    const names = async (): Promise<unknown> =>
      (await gateway.artifacts()).map(({ jobName, description }) => [jobName, description]);
    const first = names();
    const master = await lastMaster(1);
    expect(await master.task).toMatchObject({ kind: "describe" });
    expect((await master.task).artifactUrl).toContain(unsaid.sha256);
    master.say({ type: "described", jobName: "sums", description: "adds up" });
    const other = await lastMaster(2);
    expect((await other.task).artifactUrl).toContain(broken.sha256);
    other.unbuilt(new MillraceError("JOB_MODULE_INVALID", "no job"));
    const told = [
      ["count", undefined],
      ["sums", "adds up"],
      [undefined, undefined],
    ];
    expect(await first).toEqual(told);
    expect(await names()).toEqual(told);
    expect(masters.map(({ ended }) => ended)).toEqual([true, true]);
  });

  it("ends a builder that comes to no end, and a job that does not take its cancellation", async () => {
    const clock = new ManualClock();
    const manager = await startWith({ clock }, "web.timeout=200 ms");
    /** Time goes on as long as there is no answer. */
    const late = async <T>(answer: Promise<T>): Promise<T> => {
      const state = { answered: false };
      const over = answer.finally(() => (state.answered = true));
      over.catch(() => {});
      await expect.poll(() => (clock.advance(state.answered ? 0 : 200), state.answered)).toBe(true);
      return over;
    };
    const { id } = await upload(manager);
    await expect(late(manager.gateway.run(request(id)))).rejects.toMatchObject({
      code: "JOB_MODULE_INVALID",
    });
    const master = await runJob(manager);
    master.answering = false;
    await expect(late(manager.gateway.setRequirements(ID, {}))).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
    expect((await late(manager.gateway.job(ID))).status).toBe("RUNNING");
    await late(manager.gateway.cancel(ID));
    expect((await manager.gateway.job(ID)).status).toBe("CANCELED");
    await expect(manager.gateway.cancel(ID)).rejects.toMatchObject({ code: "CONFLICT" });
    // Who asks for the same once more means this job; it is not run again.
    expect(await manager.gateway.run(request(id, { jobId: ID }))).toBe(ID);
    await expect(
      manager.gateway.run(request(id, { jobId: ID, args: { argv: ["--other"] } })),
    ).rejects.toMatchObject({ code: "CONFLICT" });
    expect(masters).toHaveLength(2);
  });

  it("fails a job whose thread dies", async () => {
    const manager = await start();
    const master = await runJob(manager);
    master.onExit?.(new Error("out of memory"));
    await until(() => master.ended);
    const view = await manager.gateway.job(ID);
    expect(view).toMatchObject({ status: "FAILED", exceptions: [{ code: "JOB_FAILED" }] });
  });

  it("fails a job whose thread says nonsense, and lives on", async () => {
    const manager = await start();
    const master = await runJob(manager);
    const { taskManager } = await ScriptedTaskManager.register(manager.rpcPort, "tm1", 1);
    taskManager.connection.send({ type: "slotsRefused", request: {} } as never);
    await taskManager.closed;
    master.say({ type: "ended", status: "FINISHED" } as never);
    master.say({ type: "nonsense" } as never);
    await until(() => master.ended);
    expect((await manager.gateway.jobs()).length).toBe(1);
  });

  it("answers for operations under their ids", async () => {
    const manager = await start();
    await runJob(manager);
    const trigger = await manager.gateway.trigger(ID, { kind: "savepoint", directory: undefined });
    await until(() => manager.gateway.operation(ID, trigger).status === "COMPLETED");
    expect(manager.gateway.operation(ID, trigger)).toMatchObject({
      location: "/savepoints/1",
      failure: undefined,
    });
    expect(() => manager.gateway.operation(ID, "0")).toThrow(/no operation/u);
    const disposal = await manager.gateway.dispose(join(folder, "nothing"));
    await until(() => manager.gateway.disposal(disposal).status === "COMPLETED");
    expect(manager.gateway.disposal(disposal).failure?.code).toBe("SAVEPOINT_NOT_FOUND");
  });

  it("shows its settings without secrets, and its logs", async () => {
    const manager = await start("security.rest.token=hush");
    expect(manager.gateway.config()).toMatchObject({ "security.rest.token": "******" });
    const [log] = await manager.gateway.logs();
    const text = Buffer.from(await manager.gateway.log(log?.name as string, 0, 1e6)).toString();
    expect(text).toContain("JobManager of millrace");
    expect(text).not.toContain("hush");
  });

  it("hands its jobs to the next JobManager", async () => {
    const first = await start(...durable(folder));
    const { taskManager } = await ScriptedTaskManager.register(first.rpcPort, "tm1", 1);
    await runJob(first);
    await first.gateway.setRequirements(ID, { v: { lower: 1, upper: 2 } });
    await first.close();
    await taskManager.closed;
    await first.ended;
    const second = await start(...durable(folder));
    const task = await (await lastMaster(2)).task;
    expect(task).toMatchObject({
      kind: "run",
      recovering: true,
      epoch: 2,
      settled: { jobName: "scripted" },
      requirements: { v: { lower: 1, upper: 2 } },
    });
    expect(await second.gateway.artifacts()).toHaveLength(1);
    const master = masters[1] as ScriptedJobMaster;
    master.runs();
    // Its end is recorded before its checkpoints go.
    master.say({ type: "ending", status: "FINISHED" });
    await until(() => master.received.some(({ type }) => type === "endRecorded"));
    const names = await readdir(join(folder, "ha", "default", "jobs"));
    expect(names).toEqual([`2-${ID}.json`]);
    await second.close();
    const third = await start(...durable(folder));
    expect((await third.gateway.jobs()).map(({ status }) => status)).toEqual(["FINISHED"]);
    expect(masters).toHaveLength(2);
  });

  it.each([
    [undefined, /^the JobManager ended while the sinks of job "scripted" committed .* may be missing$/u],
    ["/savepoints/3", /it was stopped with a savepoint, \/savepoints\/3$/u],
  ])(
    "does not start a job again whose sinks were committing their last output: %s",
    async (savepoint, why) => {
      const first = await start(...durable(folder));
      const master = await runJob(first);
      master.say({ type: "committing", savepoint, drained: false });
      await until(() => master.received.some(({ type }) => type === "commitRecorded"));
      // Whatever is said of it later takes that not back.
      await first.gateway.setRequirements(ID, { v: { lower: 1, upper: 2 } });
      const second = await start(...durable(folder));
      const view = await second.gateway.job(ID);
      expect(view).toMatchObject({ status: "FAILED", exceptions: [{ code: "JOB_FAILED" }] });
      expect(view.exceptions[0]?.message).toMatch(why);
      await second.close();
      const third = await start(...durable(folder));
      expect(await third.gateway.job(ID)).toEqual(view);
      expect(masters).toHaveLength(1);
    },
  );

  it("records the end of a job once its storage is there again, and nothing takes it back", async () => {
    const first = await start(...durable(folder));
    const master = await runJob(first);
    const jobs = join(folder, "ha", "default", "jobs");
    await rename(jobs, `${jobs}-away`);
    master.say({ type: "ending", status: "FINISHED" });
    const log = join(folder, "log");
    await until(async () => {
      const [name] = await readdir(log);
      return (await readFile(join(log, name as string), "utf8")).includes("can't be recorded");
    });
    expect(master.received.some(({ type }) => type === "endRecorded")).toBe(false);
    await rename(`${jobs}-away`, jobs);
    await until(() => master.received.some(({ type }) => type === "endRecorded"));
    await first.gateway.setRequirements(ID, {});
    await start(...durable(folder));
    expect(masters).toHaveLength(1);
  });

  it("keeps a job that can't be recovered for the next one, until it is cancelled", async () => {
    const first = await start(...durable(folder));
    await runJob(first);
    await first.close();
    for (const cancelled of [false, true]) {
      const next = await start(...durable(folder));
      const master = await lastMaster(cancelled ? 3 : 2);
      master.unbuilt(new MillraceError("CHECKPOINT_STORAGE_FAILED", "the disk is not there"));
      await until(() => master.ended);
      expect((await next.gateway.job(ID)).status).toBe("FAILED");
      if (cancelled) await next.gateway.cancel(ID);
      await next.close();
    }
    await start(...durable(folder));
    expect(masters).toHaveLength(3);
  });

  it("stops at once when another leads", async () => {
    // It doesn't come to look by itself.
    const first = await startWith({ clock: new ManualClock() }, ...durable(folder));
    const { taskManager } = await ScriptedTaskManager.register(first.rpcPort, "tm1", 1);
    const master = await runJob(first);
    const second = await start(...durable(folder));
    await expect(first.gateway.setRequirements(ID, {})).rejects.toMatchObject({ code: "FENCED" });
    await expect(first.ended).rejects.toMatchObject({ code: "FENCED" });
    await taskManager.closed;
    expect(master.ended).toBe(true);
    const recovered = await lastMaster(2);
    expect((await recovered.task).submission.jobId).toBe(ID);
    recovered.runs();
    expect((await second.gateway.job(ID)).status).toBe("RUNNING");
  });
});
