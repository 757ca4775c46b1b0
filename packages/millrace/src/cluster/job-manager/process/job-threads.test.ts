import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "../../../common/config/configuration.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { JobMishaps } from "../../../protocol/cluster/job-history.ts";
import { createCheckpointStore } from "../../../runtime/checkpoint/storage/create-checkpoint-store.ts";
import { metadataOf } from "../../../runtime/checkpoint/storage/testing/checkpoint-metadata.ts";
import { ScriptedCluster, until } from "./testing/scripted-cluster.ts";
import { ScriptedTaskManager } from "./testing/scripted-task-manager.ts";

const ID = "0123456789abcdef0123456789abcdef" as JobId;
/** Started again so often, at once. */
const again = (attempts: number): Readonly<Record<string, unknown>> =>
  parseConfig({
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": attempts,
    "restart-strategy.fixed-delay.delay": "0 ms",
  });
const NEVER = parseConfig({ "restart-strategy.type": "none" });

let cluster: ScriptedCluster;
beforeEach(async () => {
  cluster = await ScriptedCluster.make();
});
afterEach(() => cluster.close());

/** One failure of a task, as a thread tells of it. */
const oneMishap = (at: number): JobMishaps => ({
  restarts: 1,
  failures: { attempts: 1, delay: 0, failures: [] },
  exceptions: [
    {
      at,
      code: "SLOT_LOST",
      message: "a slot is lost",
      stack: "",
      task: "map (1/2)",
      taskManagerId: "tm1",
      endpoint: undefined,
    },
  ],
});

describe("the thread of a JobMaster that dies", () => {
  it("is followed by another when all slots that it had are closed, which goes on with the job and its counts", async () => {
    const manager = await cluster.start();
    const { taskManager } = await ScriptedTaskManager.register(manager.rpcPort, "tm1", 2);
    const master = await cluster.runJob(manager, ID, again(3));
    await master.openSlots(1, 2, manager.epoch, 6);
    await until(() => master.slots.length === 2);
    master.say({ type: "mishaps", mishaps: oneMishap(7) });
    await manager.gateway.setRequirements(ID, { v: { lower: 1, upper: 2 } });
    master.say({ type: "checkpointed" });
    await until(() => master.received.some(({ type }) => type === "checkpointRecorded"));
    taskManager.closes = false;
    master.answering = false;
    const savepoint = { kind: "savepoint", directory: undefined } as const;
    const lost = await manager.gateway.trigger(ID, savepoint);
    await until(() =>
      master.received.some((each) => each.type === "call" && each.call.method === "savepoint"),
    );
    master.die("it has used up its heap");
    // At once, and nothing else is done before they are.
    await until(() => taskManager.closing.length === 2);
    await until(() => manager.gateway.operation(ID, lost).status === "COMPLETED");
    expect(manager.gateway.operation(ID, lost).failure?.message).toMatch(
      /has ended: it has used up its heap$/u,
    );
    expect(await manager.gateway.job(ID)).toMatchObject({ status: "RESTARTING", restarts: 2 });
    expect([cluster.masters.length, master.ended]).toEqual([1, true]);
    taskManager.close();
    const next = await cluster.master(2);
    expect(await next.task).toMatchObject({
      kind: "run",
      recovering: true,
      epoch: manager.epoch,
      settled: { jobName: "scripted" },
      requirements: { v: { lower: 1, upper: 2 } },
      checkpointed: true,
      history: {
        restarts: 2,
        nextAttempt: 7,
        failures: { attempts: 2 },
        exceptions: [
          { code: "JOB_FAILED", message: expect.stringMatching(/has ended: it has used up its heap$/u) },
          { code: "SLOT_LOST" },
        ],
      },
    });
    // Whoever asks for something meanwhile waits for it.
    const later = await manager.gateway.trigger(ID, savepoint);
    const asked = manager.gateway.setRequirements(ID, {});
    next.say({ type: "status", status: "CREATED", at: 8 });
    await asked;
    await until(() => manager.gateway.operation(ID, later).status === "COMPLETED");
    expect(manager.gateway.operation(ID, later).location).toBe("/savepoints/1");
    expect((await manager.gateway.job(ID)).status).toBe("RESTARTING");
    next.runs();
    await next.openSlots(1, 2, manager.epoch, 7);
    await until(() => next.slots.length === 2);
    expect((await manager.gateway.jobs())[0]).toMatchObject({ status: "RUNNING" });
    next.finish("FINISHED");
    await until(async () => (await manager.gateway.job(ID)).status === "FINISHED");
    expect(cluster.masters.map(({ ended }) => ended)).toEqual([true, true]);
  });

  it("fails its job with the last cause when the restart strategy gives up, also where each dies before the job runs", async () => {
    const manager = await cluster.start();
    const master = await cluster.runJob(manager, ID, again(2));
    master.die("process.exit(3) was called in it");
    (await cluster.master(2)).die("process.exit(4) was called in it");
    const last = await cluster.master(3);
    last.runs();
    last.die("process.exit(5) was called in it");
    await until(async () => (await manager.gateway.job(ID)).status === "FAILED");
    const { exceptions, restarts } = await manager.gateway.job(ID);
    expect(restarts).toBe(2);
    expect(exceptions.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /process\.exit\(5\) was called in it\. The job is not started again: it was started again 2 times, as often as restart-strategy\.fixed-delay\.attempts allows$/u,
      ),
      expect.stringMatching(/process\.exit\(4\)/u),
      expect.stringMatching(/process\.exit\(3\)/u),
    ]);
    await manager.close();
    await cluster.start();
    expect(cluster.masters).toHaveLength(3);
  });

  it("fails its job at once where it is never to be started again, or nothing would be mended by it", async () => {
    const manager = await cluster.start();
    const master = await cluster.runJob(manager, ID, NEVER);
    master.die("out of memory");
    await until(async () => (await manager.gateway.job(ID)).status === "FAILED");
    expect((await manager.gateway.job(ID)).exceptions).toMatchObject([
      { code: "JOB_FAILED", message: expect.stringMatching(/has ended: out of memory$/u) },
    ]);
    const other = "f".repeat(32) as JobId;
    (await cluster.runJob(manager, other, again(5))).die("out of memory");
    (await cluster.master(3)).unbuilt(new MillraceError("JOB_NOT_DETERMINISTIC", "another graph"));
    await until(async () => (await manager.gateway.job(other)).status === "FAILED");
    expect((await manager.gateway.job(other)).exceptions[0]?.code).toBe("JOB_NOT_DETERMINISTIC");
    expect(cluster.masters).toHaveLength(3);
  });

  it.each([undefined, "/savepoints/3"])(
    "is not followed by another when sinks may have committed their last output: %s",
    async (savepoint) => {
      const manager = await cluster.start();
      const master = await cluster.runJob(manager, ID, again(5));
      master.say({ type: "committing", savepoint, drained: false });
      master.die("out of memory");
      await until(async () => (await manager.gateway.job(ID)).status === "FAILED");
      const { exceptions } = await manager.gateway.job(ID);
      expect(exceptions[0]?.message).toMatch(
        /the thread of its JobMaster ended \(.*out of memory\) while the sinks of job "scripted" committed/u,
      );
      expect(cluster.masters).toHaveLength(1);
    },
  );

  it("leaves its job with the end that it has told", async () => {
    const manager = await cluster.start();
    const master = await cluster.runJob(manager, ID, again(5));
    master.say({ type: "ending", status: "FINISHED", view: master.view });
    master.die("out of memory");
    await until(async () => (await manager.gateway.job(ID)).status === "FINISHED");
    expect((await manager.gateway.job(ID)).exceptions).toEqual([]);
    expect(cluster.masters).toHaveLength(1);
  });

  it("is not followed by another where its job was cancelled", async () => {
    const manager = await cluster.start();
    const slow = parseConfig({
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.delay": "1 h",
    });
    const master = await cluster.runJob(manager, ID, slow);
    master.die("out of memory");
    await until(async () => (await manager.gateway.job(ID)).status === "RESTARTING");
    await manager.gateway.cancel(ID);
    expect((await manager.gateway.job(ID)).status).toBe("CANCELED");
    const other = "f".repeat(32) as JobId;
    const busy = await cluster.runJob(manager, other, again(5));
    busy.answering = false;
    const canceled = manager.gateway.cancel(other);
    await until(() => busy.received.some((each) => each.type === "call" && each.call.method === "cancel"));
    busy.die("out of memory");
    await canceled;
    expect((await manager.gateway.job(other)).status).toBe("CANCELED");
    expect(cluster.masters).toHaveLength(2);
  });

  it("has its job's counts go on with the next JobManager, also while it waits to be followed", async () => {
    const slow = parseConfig({
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.delay": "1 h",
      "restart-strategy.fixed-delay.attempts": 2,
    });
    const first = await cluster.start();
    const master = await cluster.runJob(first, ID, slow);
    const { startedAt } = await first.gateway.job(ID);
    master.die("out of memory");
    await until(async () => (await first.gateway.job(ID)).status === "RESTARTING");
    await first.close();
    const second = await cluster.start();
    const next = await cluster.master(2);
    const { history, submission } = (await next.task) as Extract<
      Awaited<typeof next.task>,
      { readonly kind: "run" }
    >;
    expect([history?.restarts, history?.failures.attempts, submission.submittedAt]).toEqual([
      1,
      1,
      startedAt,
    ]);
    expect(await second.gateway.job(ID)).toMatchObject({
      restarts: 1,
      startedAt,
      exceptions: [{ message: expect.stringMatching(/out of memory/u) }],
    });
    // One more is borne, and no other.
    next.runs();
    next.say({
      type: "mishaps",
      mishaps: { ...oneMishap(9), failures: { attempts: 2, delay: 0, failures: [] } },
    });
    await until(async () => (await second.gateway.job(ID)).status === "RUNNING");
    next.die("out of memory");
    await until(async () => (await second.gateway.job(ID)).status === "FAILED");
  });

  it("is ended, and followed by another, where its own code keeps it for too long", async () => {
    const manager = await cluster.start("jobmanager.job.silence-timeout=200 ms");
    // As often as it takes: on a busy machine the others are late, too.
    const master = await cluster.runJob(manager, ID, again(1_000_000));
    master.answering = false;
    const next = await cluster.master(2);
    expect([master.ended, (await next.task).kind]).toEqual([true, "run"]);
    const { exceptions } = await manager.gateway.job(ID);
    expect(exceptions.at(-1)?.message).toMatch(/has not answered for more than 200 ms/u);
  });

  it("leaves its checkpoints behind for the operator where the job fails, else as their retention says", async () => {
    const directory = join(cluster.folder, "checkpoints");
    const config = (type: string): Readonly<Record<string, unknown>> =>
      parseConfig({ "execution.checkpointing.dir": directory, "restart-strategy.type": type });
    const checkpointed = async (id: JobId): Promise<void> => {
      const store = createCheckpointStore({ directory, savepointDirectory: undefined, inlineThreshold: 0 });
      await store.open(id);
      await store.record(metadataOf(1, []), store.location);
    };
    const first = await cluster.start();
    const [failed, canceled, ended] = ["a", "b", "c"].map((digit) => digit.repeat(32) as JobId) as [
      JobId,
      JobId,
      JobId,
    ];
    for (const id of [failed, canceled, ended]) await checkpointed(id);
    (await cluster.runJob(first, failed, config("none"))).die("out of memory");
    const busy = await cluster.runJob(first, canceled, config("none"));
    busy.answering = false;
    const cancelled = first.gateway.cancel(canceled);
    await until(() => busy.received.some((each) => each.type === "call" && each.call.method === "cancel"));
    busy.die("out of memory");
    await cancelled;
    await until(() => !existsSync(join(directory, canceled)));
    // One that comes to its end with its JobManager is cleared by the next one.
    const master = await cluster.runJob(first, ended, config("none"));
    master.say({ type: "ending", status: "FINISHED", view: master.view });
    await until(() => master.received.some(({ type }) => type === "endRecorded"));
    const second = await cluster.start();
    await until(() => !existsSync(join(directory, ended)));
    expect((await second.gateway.job(ended)).status).toBe("FINISHED");
    await until(async () => (await readdir(join(cluster.folder, "ha/default/jobs"))).length === 0);
    expect(existsSync(join(directory, failed, "chk-1", "_metadata"))).toBe(true);
  });
});
