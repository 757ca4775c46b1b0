import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JobId } from "../../../../common/ids/ids.ts";
import type { CheckpointView } from "../../../../protocol/cluster/job-view.ts";
import type { CheckpointMetadata } from "../../../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { encodeMetadata } from "../../../../runtime/checkpoint/format/checkpoint-metadata-codec.ts";
import { metadataOf } from "../../../../runtime/checkpoint/storage/testing/checkpoint-metadata.ts";
import type { ScriptedJobMaster } from "../../process/testing/scripted-job-master.ts";
import { bareRun } from "../bare-run.ts";
import type { OperationView, TriggerRequest } from "../dispatcher-gateway.ts";
import { leadIn, type DispatcherRig } from "../testing/dispatcher-rig.ts";

const ID = "0123456789abcdef0123456789abcdef" as JobId;
const TRIGGER = "a".repeat(32);
const until = <T>(condition: () => T): Promise<NonNullable<Awaited<T>>> =>
  vi.waitUntil(condition, { timeout: 60_000, interval: 1 }) as Promise<NonNullable<Awaited<T>>>;

let folder: string;
let savepoints: string;
const rigs: DispatcherRig[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-operations-"));
  savepoints = join(folder, "savepoints");
});
afterEach(async () => {
  for (const { dispatcher } of rigs.splice(0)) dispatcher.abandon();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

async function lead(now?: number): Promise<DispatcherRig> {
  const rig = await leadIn(folder, now === undefined ? {} : { now });
  rigs.push(rig);
  return rig;
}

async function runJob(rig: DispatcherRig): Promise<ScriptedJobMaster> {
  const { id } = await rig.upload();
  const running = rig.dispatcher.run({ ...bareRun(id), jobId: ID });
  const master = await until(() => rig.masters.find(({ name }) => name === `job ${ID}`));
  await master.task;
  master.built();
  await running;
  master.runs();
  return master;
}

const done = (rig: DispatcherRig, trigger: string): Promise<OperationView> =>
  until(() => {
    const view = rig.dispatcher.operation(ID, trigger);
    return view.status === "COMPLETED" ? view : undefined;
  });

/** A job that was asked for something, and whose JobManager died before it was done; `meanwhile`: what happened before. */
async function afterDeath(
  order: TriggerRequest,
  meanwhile: (master: ScriptedJobMaster) => Promise<void> = async () => {},
): Promise<OperationView> {
  const first = await lead();
  const master = await runJob(first);
  master.answering = false;
  expect(await first.dispatcher.trigger(ID, order, TRIGGER)).toBe(TRIGGER);
  await meanwhile(master);
  first.dispatcher.abandon();
  const second = await lead();
  const view = await done(second, TRIGGER);
  second.dispatcher.abandon();
  // The next one says the same.
  expect(await done(await lead(), TRIGGER)).toEqual(view);
  return view;
}

/** A savepoint of the job, complete. */
async function writeSavepoint(more: Partial<CheckpointMetadata> = {}): Promise<string> {
  const path = join(savepoints, "savepoint-012345-1a2b3c");
  await mkdir(path, { recursive: true });
  const metadata = metadataOf(3, [], {
    jobId: ID,
    kind: "savepoint",
    triggeredAt: 1_000_000,
    completedAt: 1_000_500,
    ...more,
  });
  await writeFile(join(path, "_metadata"), encodeMetadata(metadata, path));
  return path;
}

const heard = (master: ScriptedJobMaster, type: string): Promise<unknown> =>
  until(() => master.received.some((message) => message.type === type));

describe("what was asked of a job", () => {
  it("is known to the next JobManager, for as long as is set", async () => {
    const first = await lead();
    await runJob(first);
    const trigger = await first.dispatcher.trigger(ID, { kind: "savepoint", directory: undefined });
    const view = await done(first, trigger);
    expect(view).toMatchObject({ location: "/savepoints/1", failure: undefined });
    first.dispatcher.abandon();
    const second = await lead(1_000_000 + 3_599_000);
    expect(second.dispatcher.operation(ID, trigger)).toEqual(view);
    second.clock.advance(2000);
    expect(() => second.dispatcher.operation(ID, trigger)).toThrow(/no operation/u);
    await until(async () => (await readdir(join(folder, "ha", "operations"))).length === 0);
  });

  it("is begun once under an id of the client's choice, by whichever JobManager is asked again", async () => {
    const first = await lead();
    const master = await runJob(first);
    const order = { kind: "savepoint", directory: undefined } as const;
    const calls = (): number => master.received.filter(({ type }) => type === "call").length;
    const both = [first, first].map(({ dispatcher }) => dispatcher.trigger(ID, order, TRIGGER));
    expect(await Promise.all(both)).toEqual([TRIGGER, TRIGGER]);
    await done(first, TRIGGER);
    expect(calls()).toBe(1);
    await expect(first.dispatcher.trigger(ID, { kind: "checkpoint" }, TRIGGER)).rejects.toMatchObject({
      code: "CONFLICT",
    });
    first.dispatcher.abandon();
    const second = await lead();
    expect(await second.dispatcher.trigger(ID, order, TRIGGER)).toBe(TRIGGER);
    const successor = await until(() => second.masters[0]);
    expect(successor.received.some(({ type }) => type === "call")).toBe(false);
    // What no JobManager has heard of begins when the job is there again.
    const other = "b".repeat(32);
    const begun = second.dispatcher.trigger(ID, order, other);
    await successor.task;
    expect(await begun).toBe(other);
    expect(second.dispatcher.operation(ID, other).status).toBe("IN_PROGRESS");
    successor.runs();
    expect((await done(second, other)).location).toBe("/savepoints/1");
  });

  it("has failed where no savepoint was completed, and the job goes on", async () => {
    const order = { kind: "savepoint", directory: savepoints } as const;
    const view = await afterDeath(order, async () => {
      await mkdir(join(savepoints, "savepoint-012345-ffffff"), { recursive: true });
    });
    expect(view.failure).toMatchObject({
      code: "OPERATION_LOST",
      message: `the JobManager died during the savepoint of job ${ID}: no savepoint was completed. The job goes on from its last checkpoint`,
      help: "Ask for it again.",
    });
  });

  it("is done where its savepoint was completed", async () => {
    let path = "";
    const view = await afterDeath({ kind: "savepoint", directory: savepoints }, async () => {
      path = await writeSavepoint();
    });
    expect(view).toMatchObject({ location: path, failure: undefined });
  });

  it.each([
    ["an earlier one", { triggeredAt: 999_999 }],
    ["another job's", { jobId: "9".repeat(32) as JobId }],
    ["a stop's", { stop: "stop" }],
  ] as const)("takes no other savepoint for its own: %s", async (_, more) => {
    const view = await afterDeath({ kind: "savepoint", directory: savepoints }, async () => {
      await writeSavepoint(more);
    });
    expect(view.failure?.code).toBe("OPERATION_LOST");
  });

  it("says so where a stop has a savepoint, but the job was not stopped", async () => {
    let path = "";
    const view = await afterDeath({ kind: "stop", directory: savepoints, drain: false }, async () => {
      path = await writeSavepoint({ stop: "stop" });
    });
    expect(view.failure).toMatchObject({
      code: "OPERATION_LOST",
      message: `the JobManager died during the stop of job ${ID}: its savepoint, ${path}, was completed, but the job goes on from its last checkpoint`,
      help: expect.stringContaining("Stop it again"),
    });
  });

  it("is done where the job was stopped", async () => {
    const stop = { kind: "sync savepoint", status: "COMPLETED", path: "/s/1" } as CheckpointView;
    const view = await afterDeath({ kind: "stop", directory: savepoints, drain: false }, async (master) => {
      const { checkpoints } = master.view!;
      master.say({
        type: "ending",
        status: "FINISHED",
        view: { ...master.view, checkpoints: { ...checkpoints, history: [stop] } },
      });
      await heard(master, "endRecorded");
    });
    expect(view).toMatchObject({ location: "/s/1", failure: undefined });
  });

  it("has failed as the job where that died while it committed", async () => {
    const view = await afterDeath({ kind: "stop", directory: savepoints, drain: false }, async (master) => {
      master.say({ type: "committing", savepoint: "/s/1", drained: false });
      await heard(master, "commitRecorded");
    });
    expect(view.failure).toMatchObject({
      code: "JOB_FAILED",
      message: expect.stringContaining("it was stopped with a savepoint, /s/1"),
      help: expect.stringContaining("The savepoint is whole"),
    });
  });

  it("is not known of a checkpoint", async () => {
    const view = await afterDeath({ kind: "checkpoint" });
    expect(view.failure).toMatchObject({ code: "OPERATION_LOST", help: expect.stringContaining("status") });
  });

  it("is done by the next one where a savepoint is removed", async () => {
    const path = await writeSavepoint();
    const first = await lead();
    const trigger = await first.dispatcher.dispose(path, TRIGGER);
    first.dispatcher.abandon();
    const second = await lead();
    await until(() => second.dispatcher.disposal(trigger).status === "COMPLETED");
    expect(second.dispatcher.disposal(trigger).failure).toBeUndefined();
    await until(async () => (await readdir(savepoints)).length === 0);
  });

  it("stays under way when its JobManager ends in order: the next one finds out", async () => {
    const first = await lead();
    const master = await runJob(first);
    master.answering = false;
    const trigger = await first.dispatcher.trigger(ID, { kind: "checkpoint" });
    await heard(master, "call");
    master.answering = true;
    await first.dispatcher.close();
    expect(first.dispatcher.operation(ID, trigger).status).toBe("IN_PROGRESS");
    // Its clients ask the next one.
    await expect(first.dispatcher.job(ID)).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      retryable: true,
    });
    expect((await done(await lead(), trigger)).failure?.code).toBe("OPERATION_LOST");
  });
});
