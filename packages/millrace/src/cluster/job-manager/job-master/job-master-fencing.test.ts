import { describe, expect, it } from "vitest";
import type { ConfigValues } from "../../../common/config/options.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { attempt, executionId, jobId } from "../../../common/ids/ids.ts";
import type { LastCommit } from "../../../protocol/cluster/job-submission.ts";
import { toEnvelope } from "../../../protocol/control/error-envelope.ts";
import type { CheckpointStore } from "../../../runtime/checkpoint/storage/checkpoint-store.ts";
import { createCheckpointStore } from "../../../runtime/checkpoint/storage/create-checkpoint-store.ts";
import { MemoryFileSystem } from "../../../runtime/checkpoint/storage/testing/memory-file-system.ts";
import type { JobRestore } from "./job-master-options.ts";
import { CHECKPOINTS, running } from "./testing/running-job.ts";
import { settle, SOURCE } from "./testing/scripted-job.ts";
import type { ScriptedSlot } from "./testing/scripted-slots.ts";

const s0 = executionId(SOURCE, 0, attempt(0));
const TOLERANT = { ...CHECKPOINTS, "execution.checkpointing.tolerable-failed-checkpoints": 5 };

/** A job whose checkpoints stand on a disk that others can reach. */
class Rig {
  readonly disk = new MemoryFileSystem();

  store(): CheckpointStore {
    return createCheckpointStore({
      directory: "/checkpoints",
      savepointDirectory: undefined,
      inlineThreshold: 10,
      fileSystem: this.disk,
      process: { host: "elsewhere", pid: 7, startedAt: 0 },
    });
  }

  async start(config: ConfigValues, restore?: JobRestore): ReturnType<typeof running> {
    return running({ config, wrapStore: () => this.store(), ...(restore === undefined ? {} : { restore }) });
  }

  /** Another process takes the job over. */
  async takeOver(): Promise<CheckpointStore> {
    const store = this.store();
    await store.open(jobId(new Uint8Array(16)));
    return store;
  }
}

const types = (slot: ScriptedSlot): readonly string[] => slot.told.map(({ type }) => type);

/** The disk is slower than what happens in memory only. */
async function settleDisk(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settle();
}

describe("a job that another process has taken over", () => {
  it("fails at its next checkpoint, tells no task of it, starts nothing again and removes nothing", async () => {
    const rig = new Rig();
    const { master, slots, clock, one, other } = await rig.start(TOLERANT);
    clock.advance(1000);
    for (const slot of [one, other]) slot.acknowledge(1);
    await settleDisk();
    expect(types(one)).toContain("checkpointComplete");
    const next = await rig.takeOver();
    const before = rig.disk.files();
    clock.advance(1000);
    for (const slot of [one, other]) slot.acknowledge(2);
    await settleDisk();
    for (const slot of [one, other]) slot.all("CANCELED");
    const { status, error } = await master.done;
    expect(status).toBe("FAILED");
    expect(error).toMatchObject({
      code: "FENCED",
      message: expect.stringContaining("they were taken over by process 7 on elsewhere"),
    });
    expect(types(one).filter((type) => type === "checkpointComplete")).toHaveLength(1);
    expect([slots.opened.length, master.restarts]).toEqual([1, 0]);
    expect(rig.disk.files()).toEqual(before);
    expect((await next.newest())?.metadata.checkpointId).toBe(1);
  });

  it("fails when a task can't write what belongs to somebody else by now", async () => {
    const rig = new Rig();
    const { master, clock, one, other } = await rig.start(TOLERANT);
    clock.advance(1000);
    await rig.takeOver();
    const error = toEnvelope(new MillraceError("CHECKPOINT_STORAGE_FAILED", "the folder is gone"));
    one.onMessage?.({ type: "checkpointDeclined", execution: s0, checkpointId: 1, error });
    await settleDisk();
    for (const slot of [one, other]) slot.all("CANCELED");
    expect((await master.done).error).toMatchObject({ code: "FENCED" });
  });

  it("is not started again when a task fails", async () => {
    const rig = new Rig();
    const { master, slots, clock, one, other } = await rig.start(CHECKPOINTS);
    await rig.takeOver();
    one.state(s0, "FAILED", new MillraceError("USER_FUNCTION_FAILED", "the cause"));
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    clock.advance(500);
    await settleDisk();
    const { status, error } = await master.done;
    expect([status, (error as MillraceError).code, slots.opened.length]).toEqual(["FAILED", "FENCED", 1]);
  });

  it.each([false, true])("commits at its end only as the owner; taken over: %s", async (takenOver) => {
    const rig = new Rig();
    const first = await rig.start({
      ...CHECKPOINTS,
      "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    });
    first.clock.advance(1000);
    for (const slot of [first.one, first.other]) slot.acknowledge(1);
    await settleDisk();
    first.master.cancel();
    for (const slot of [first.one, first.other]) slot.all("CANCELED");
    await first.master.done;
    const reader = await rig.takeOver();
    const checkpoint = (await reader.newest())!;
    // Without an interval, there is no checkpoint to commit with.
    const { master, one, other } = await rig.start({}, { checkpoint, claim: true });
    if (takenOver) await rig.takeOver();
    for (const slot of [one, other])
      for (const execution of slot.executions) slot.onMessage?.({ type: "endOfData", execution });
    await settleDisk();
    expect([one, other].map((slot) => types(slot).includes("commitAtEnd"))).toEqual([!takenOver, !takenOver]);
    for (const slot of [one, other]) slot.all(takenOver ? "CANCELED" : "FINISHED");
    const { status, error } = await master.done;
    expect([status, (error as MillraceError | undefined)?.code]).toEqual(
      takenOver ? ["FAILED", "FENCED"] : ["FINISHED", undefined],
    );
  });
});

describe("a job whose sinks commit for the last time", () => {
  const lastCommit = (config: ConfigValues) => {
    const recorded = Promise.withResolvers<void>();
    const commits: LastCommit[] = [];
    const job = running({
      config,
      committing: (commit) => {
        commits.push(commit);
        return recorded.promise;
      },
    });
    return { job, commits, recorded };
  };

  it("lets them only when it is recorded that nobody may start it again, at its end", async () => {
    const { job, commits, recorded } = lastCommit({});
    const { master, one, other } = await job;
    const slots = [one, other];
    for (const slot of slots)
      for (const execution of slot.executions) slot.onMessage?.({ type: "endOfData", execution });
    await settle();
    expect(commits).toEqual([{ savepoint: undefined, drained: false }]);
    expect(slots.map((slot) => types(slot).includes("commitAtEnd"))).toEqual([false, false]);
    expect(master.suspendable).toBe(false);
    recorded.resolve();
    await settle();
    expect(slots.map((slot) => types(slot).includes("commitAtEnd"))).toEqual([true, true]);
    for (const slot of slots) slot.all("FINISHED");
    expect((await master.done).status).toBe("FINISHED");
  });

  it.each(["stop", "drain"] as const)("and when it is stopped: %s", async (kind) => {
    const { job, commits, recorded } = lastCommit(CHECKPOINTS);
    const { master, clock, one, other } = await job;
    const slots = [one, other];
    clock.advance(1000);
    for (const slot of slots) slot.acknowledge(1);
    await settle();
    // What a checkpoint covers is committed as ever.
    expect([commits, types(one).filter((type) => type === "checkpointComplete").length]).toEqual([[], 1]);
    const stopped = master.snapshot({ kind, target: "memory" });
    await settle();
    for (const slot of slots) slot.acknowledge(2);
    await stopped;
    await settle();
    expect(commits).toEqual([{ savepoint: undefined, drained: kind === "drain" }]);
    expect(types(one).filter((type) => type === "checkpointComplete")).toHaveLength(1);
    expect(master.suspendable).toBe(false);
    recorded.resolve();
    await settle();
    expect(slots.map((slot) => types(slot).filter((type) => type === "checkpointComplete").length)).toEqual([
      2, 2,
    ]);
    for (const slot of slots) slot.all("FINISHED");
    expect((await master.done).status).toBe("FINISHED");
  });
});
