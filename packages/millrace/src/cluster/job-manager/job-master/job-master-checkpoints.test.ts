import { describe, expect, it } from "vitest";
import type { ConfigValues } from "../../../common/config/options.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { toEnvelope } from "../../../protocol/control/error-envelope.ts";
import { attempt, executionId, operatorUid } from "../../../common/ids/ids.ts";
import type { ExecutionId } from "../../../common/ids/ids.ts";
import { CHECKPOINTS, FIXED, running, storeOf } from "./testing/running-job.ts";
import { settle, SOURCE } from "./testing/scripted-job.ts";
import { NOTHING } from "./testing/scripted-slots.ts";
import type { ScriptedSlot } from "./testing/scripted-slots.ts";

const broken = new MillraceError("USER_FUNCTION_FAILED", "the cause");
const s0 = executionId(SOURCE, 0, attempt(0));
const STATE = { uid: operatorUid("source"), keyed: undefined, operatorState: undefined, splits: [] };

describe("a job with checkpoints", () => {
  it("triggers sources after their enumerators, records what all acknowledge, and tells everybody", async () => {
    const { master, clock, one, other, enumerator } = await running({ config: CHECKPOINTS });
    clock.advance(1000);
    expect([one, other].map(({ told }) => told.at(-1))).toMatchObject([
      { type: "triggerCheckpoint", checkpointId: 1, executions: ["s/0#0"], timestamp: 1000 },
      { type: "triggerCheckpoint", checkpointId: 1, executions: ["s/1#0"] },
    ]);
    one.acknowledge(1);
    await settle();
    expect(master.checkpoints).toMatchObject({ triggered: 1, completed: 0, inProgress: 1 });
    other.acknowledge(1);
    await settle();
    expect([one, other].map(({ told }) => told.at(-1))).toEqual([
      { type: "checkpointComplete", checkpointId: 1 },
      { type: "checkpointComplete", checkpointId: 1 },
    ]);
    expect(enumerator.at(-1)).toBe("complete 1");
    expect(master.checkpoints).toMatchObject({
      completed: 1,
      history: [{ id: 1, status: "COMPLETED", stateBytes: 40, writtenBytes: 20 }],
    });
    master.cancel();
  });

  it("lets nobody commit before whoever must know has heard that there is one", async () => {
    const known = Promise.withResolvers<void>();
    const { master, clock, one, other } = await running({
      config: CHECKPOINTS,
      checkpointed: () => known.promise,
    });
    clock.advance(1000);
    for (const slot of [one, other]) slot.acknowledge(1);
    await settle();
    expect(master.checkpoints.completed).toBe(0);
    expect(one.told.filter(({ type }) => type === "checkpointComplete")).toEqual([]);
    known.resolve();
    await settle();
    expect(master.checkpoints.completed).toBe(1);
    expect(one.told.filter(({ type }) => type === "checkpointComplete")).toHaveLength(1);
    master.cancel();
  });

  it("starts again from the last completed one: tasks, splits and enumerator", async () => {
    const { master, slots, clock, enumerator, one, other, context } = await running({ config: CHECKPOINTS });
    const splits = [{ splitId: "a" }];
    clock.advance(1000);
    for (const slot of [one, other])
      slot.acknowledge(1, (vertex) => ({
        ...NOTHING,
        operators:
          vertex === SOURCE
            ? [{ uid: "source" as never, keyed: undefined, operatorState: undefined, splits }]
            : [],
      }));
    await settle();
    // Assigned after the checkpoint: nobody has it any more.
    context.assignSplits(0, [{ splitId: "b" } as never]);
    one.state(s0, "FAILED", broken);
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    clock.advance(500);
    await settle();
    expect(slots.latest[0]?.deployment.tasks.map(({ restore }) => restore?.checkpointId)).toEqual([1, 1]);
    for (const slot of slots.latest) slot.run();
    expect(enumerator.slice(-5)).toEqual([
      "close",
      'create from {"checkpoint":1,"snapshots":1}',
      "start",
      "addReader 0",
      "addReader 1",
    ]);
    expect(slots.latest[0]?.told.filter(({ type }) => type === "addSplits")).toEqual([
      { type: "addSplits", execution: "s/0#1", splits },
    ]);
    expect(master.checkpoints.restored).toBe(1);
    master.cancel();
  });

  it("gives splits back to an enumerator that lives on, those that no completed checkpoint holds", async () => {
    const { master, slots, clock, enumerator, context } = await running({
      partitioner: "forward",
      config: CHECKPOINTS,
    });
    const [left, right] = slots.opened.flat() as [ScriptedSlot, ScriptedSlot];
    context.assignSplits(1, [{ splitId: "before" } as never]);
    clock.advance(1000);
    context.assignSplits(1, [{ splitId: "after" } as never]);
    for (const slot of [left, right]) slot.acknowledge(1);
    await settle();
    right.state(executionId(SOURCE, 1, attempt(0)), "FAILED", broken);
    right.all("CANCELED");
    await settle();
    clock.advance(500);
    await settle();
    expect(enumerator.at(-1)).toBe('back 1: ["after"]');
    slots.latest[0]?.run();
    expect(enumerator.at(-1)).toBe("addReader 1");
    expect(enumerator.filter((text) => text === "create")).toHaveLength(1);
    master.cancel();
  });

  it("waits with a restart until it is known whether the checkpoint at hand is complete", async () => {
    const recording = Promise.withResolvers<void>();
    const { master, slots, clock, one, other } = await running({
      config: CHECKPOINTS,
      wrapStore: (store) => ({
        ...storeOf(store),
        record: async (...args) => {
          await recording.promise;
          return store.record(...args);
        },
      }),
    });
    clock.advance(1000);
    for (const slot of [one, other]) slot.acknowledge(1);
    one.state(s0, "FAILED", broken);
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    clock.advance(2000);
    await settle();
    expect(slots.opened).toHaveLength(1);
    recording.resolve();
    await settle();
    expect(slots.latest[0]?.deployment.tasks[0]?.restore?.checkpointId).toBe(1);
    master.cancel();
  });

  it("gives a checkpoint up when tasks fail, and forgets what comes for it", async () => {
    const { master, clock, one, other } = await running({ partitioner: "forward", config: CHECKPOINTS });
    clock.advance(1000);
    one.acknowledge(1);
    other.state(executionId(SOURCE, 1, attempt(0)), "FAILED", broken);
    expect(one.told.at(-1)).toEqual({ type: "checkpointAborted", checkpointId: 1 });
    other.acknowledge(1);
    await settle();
    expect(master.checkpoints).toMatchObject({ completed: 0, failed: 1 });
    expect(master.checkpoints.history[0]?.failure).toBe("tasks of the job failed: the cause");
    master.cancel();
  });

  it("fails, and is started again, when more checkpoints fail than are tolerated", async () => {
    const { master, clock, slots, one, other, log } = await running({ config: CHECKPOINTS });
    clock.advance(1000);
    one.onMessage?.({
      type: "checkpointDeclined",
      execution: s0,
      checkpointId: 1,
      error: { name: "Error", message: "disk full" } as never,
    });
    expect(master.status).toBe("RESTARTING");
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    clock.advance(500);
    await settle();
    expect(slots.opened).toHaveLength(2);
    expect(log[0]).toBe('warn checkpoint 1 was declined by "s" (subtask 1 of 2): disk full');
    master.cancel();
  });

  it("tells whoever asked for a savepoint why there is none, and nobody else", async () => {
    const { master, one, log } = await running({ config: CHECKPOINTS });
    const savepoint = master.snapshot({ kind: "savepoint", target: "memory" });
    await settle();
    one.onMessage?.({
      type: "checkpointDeclined",
      execution: s0,
      checkpointId: 1,
      error: toEnvelope(new MillraceError("CHECKPOINT_STORAGE_FAILED", "disk full", { help: "Make room." })),
    });
    await expect(savepoint).rejects.toMatchObject({
      message: 'savepoint 1 was declined by "s" (subtask 1 of 2): disk full',
      help: "Make room.",
    });
    expect(log.filter((line) => !line.startsWith("info"))).toEqual([]);
    expect(master.checkpoints).toMatchObject({ failed: 1, inProgress: 0 });
    master.cancel();
  });

  it("counts none as failed because the job is cancelled", async () => {
    const { master, clock, one, other, log } = await running({ config: CHECKPOINTS });
    clock.advance(1000);
    one.acknowledge(1);
    master.cancel();
    expect(master.checkpoints).toMatchObject({ triggered: 0, failed: 0, inProgress: 0, history: [] });
    expect(log).toEqual(["info checkpoint 1 was given up: the job was cancelled"]);
    for (const slot of [one, other]) slot.all("CANCELED");
    expect((await master.done).status).toBe("CANCELED");
    expect(log.filter((line) => !line.startsWith("info"))).toEqual([]);
  });

  it("carries the finished forward, and ends when the checkpoint that covers their end is complete", async () => {
    const { master, clock, slots, one, other } = await running({ config: CHECKPOINTS });
    const finished = { ...NOTHING, finished: true };
    const end = (slot: ScriptedSlot, id: ExecutionId): void =>
      slot.onMessage?.({ type: "endOfData", execution: id });
    end(one, s0);
    clock.advance(1000);
    one.acknowledge(1, (vertex) => (vertex === SOURCE ? finished : NOTHING));
    other.acknowledge(1);
    await settle();
    one.state(s0, "FINISHED");
    clock.advance(1000);
    // The source that has ended has no part in it.
    expect(one.told.at(-1)).toEqual({ type: "checkpointComplete", checkpointId: 1 });
    expect(other.told.at(-1)).toMatchObject({ type: "triggerCheckpoint", executions: ["s/1#0"] });
    one.acknowledge(2);
    other.acknowledge(2);
    await settle();
    expect(master.checkpoints.completed).toBe(2);
    for (const id of ["s/1#0", "w/1#0"] as ExecutionId[]) end(other, id);
    end(one, "w/0#0" as ExecutionId);
    // At once, because all that live have ended.
    expect(other.told.at(-1)).toMatchObject({ type: "triggerCheckpoint", checkpointId: 3 });
    one.state("w/0#0" as ExecutionId, "FAILED", broken);
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    clock.advance(500);
    await settle();
    expect(
      slots.latest.flatMap(({ deployment }) =>
        deployment.tasks.map((task) => [task.execution, task.restore?.finished]),
      ),
    ).toEqual([
      ["s/0#1", true],
      ["w/0#1", false],
      ["s/1#1", false],
      ["w/1#1", false],
    ]);
    master.cancel();
  });
});

describe("a savepoint", () => {
  it("goes on without committing anything", async () => {
    const { master, one, other } = await running();
    const savepoint = master.snapshot({ kind: "savepoint", target: "memory" });
    await settle();
    expect(one.told.at(-1)).toMatchObject({
      type: "triggerCheckpoint",
      checkpointId: 1,
      options: { snapshot: "savepoint", alignment: "aligned", incremental: false },
    });
    for (const slot of [one, other]) slot.acknowledge(1);
    expect(await savepoint).toMatchObject({ path: undefined, metadata: { kind: "savepoint", stop: "no" } });
    expect(one.told.at(-1)?.type).toBe("triggerCheckpoint");
    expect(master.status).toBe("RUNNING");
    master.cancel();
  });

  it("that stops the job is committed, and what fails then leaves it as it is", async () => {
    const { master, one, other } = await running({ config: FIXED });
    const savepoint = master.snapshot({ kind: "stop", target: "memory" });
    await settle();
    for (const slot of [one, other]) slot.acknowledge(1);
    expect((await savepoint).metadata).toMatchObject({ kind: "savepoint", stop: "stop" });
    expect(one.told.at(-1)).toEqual({ type: "checkpointComplete", checkpointId: 1 });
    one.state("w/0#0" as ExecutionId, "FAILED", broken);
    for (const slot of [one, other]) slot.all("CANCELED");
    const { status, error } = await master.done;
    expect([status, error?.message]).toEqual([
      "FAILED",
      "the job was stopped with a savepoint, in memory, and failed before it had ended: the cause",
    ]);
  });

  it.for([
    [true, "CANCELED"],
    [false, "FINISHED"],
  ] as const)("that stops the job may cancel it (%s)", async ([cancels, expected]) => {
    const { master, one, other } = await running({ config: FIXED });
    const savepoint = master.snapshot({ kind: "stop", target: "memory", cancels });
    await settle();
    for (const slot of [one, other]) slot.acknowledge(1);
    await savepoint;
    expect(master.status).toBe("RUNNING");
    for (const slot of [one, other]) slot.all("FINISHED");
    expect((await master.done).status).toBe(expected);
  });

  it("that can't be written fails, and the job goes on", async () => {
    const { master, one, other } = await running({
      wrapStore: (store) => ({
        ...storeOf(store),
        prepareSavepoint: () => Promise.reject(new MillraceError("CHECKPOINT_STORAGE_FAILED", "no room")),
      }),
    });
    await expect(master.snapshot({ kind: "stop", target: "/nowhere" })).rejects.toMatchObject({
      code: "CHECKPOINT_STORAGE_FAILED",
      message: "savepoint 1 can't be written: no room",
    });
    expect(master.status).toBe("RUNNING");
    for (const slot of [one, other]) slot.all("FINISHED");
    expect((await master.done).status).toBe("FINISHED");
  });

  it("is refused when the job ends before", async () => {
    const { master, one, other } = await running();
    const savepoint = master.snapshot({ kind: "savepoint", target: "memory" });
    await settle();
    for (const slot of [one, other]) slot.all("FINISHED");
    await expect(savepoint).rejects.toMatchObject({ code: "CHECKPOINT_FAILED" });
  });
});

describe("a storage that is slow, or fails", () => {
  /** A job whose storage records when the test says so. */
  async function slow(config: ConfigValues): Promise<{
    readonly job: Awaited<ReturnType<typeof running>>;
    readonly record: () => void;
    readonly discarded: number[];
  }> {
    const recording = Promise.withResolvers<void>();
    const discarded: number[] = [];
    const job = await running({
      config: { ...CHECKPOINTS, ...config },
      wrapStore: (store) => ({
        ...storeOf(store),
        record: async (...args) => {
          await recording.promise;
          return store.record(...args);
        },
        discard: (checkpoint) => {
          discarded.push(checkpoint.metadata.checkpointId);
          return store.discard(checkpoint);
        },
      }),
    });
    return { job, record: () => recording.resolve(), discarded };
  }

  it("makes a checkpoint expire, which is never complete, although it is recorded in the end", async () => {
    const { job, record, discarded } = await slow({
      "execution.checkpointing.timeout": 700,
      "execution.checkpointing.tolerable-failed-checkpoints": 5,
    });
    const { master, clock, one, other } = job;
    clock.advance(1000);
    for (const slot of [one, other]) slot.acknowledge(1);
    await settle();
    clock.advance(700);
    expect(one.told.at(-1)).toEqual({ type: "checkpointAborted", checkpointId: 1 });
    expect(master.checkpoints.history[0]?.failure).toBe(
      "checkpoint 1 took longer than 700 ms: it was not recorded in time",
    );
    record();
    await settle();
    expect(discarded).toEqual([1]);
    expect(one.told.map(({ type }) => type)).not.toContain("checkpointComplete");
    expect(master.checkpoints.completed).toBe(0);
    master.cancel();
  });

  it("does not keep a job from being cancelled", async () => {
    const { job } = await slow({ "task.cancellation.timeout": 3000 });
    const { master, clock, one, other, log } = job;
    clock.advance(1000);
    for (const slot of [one, other]) slot.acknowledge(1);
    await settle();
    master.cancel();
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    clock.advance(3000);
    expect((await master.done).status).toBe("CANCELED");
    expect(log.at(-1)).toMatch(/^warn the storage of checkpoints did not answer within 3000 ms/u);
  });

  it("fails the checkpoint, whose files are removed", async () => {
    const removed: number[] = [];
    const { master, clock, one, other, log } = await running({
      config: { ...CHECKPOINTS, "execution.checkpointing.tolerable-failed-checkpoints": 1 },
      wrapStore: (store) => ({
        ...storeOf(store),
        record: () => Promise.reject(new MillraceError("CHECKPOINT_STORAGE_FAILED", "torn")),
        discardUnrecorded: async ({ operators }) => {
          removed.push(operators.length);
        },
      }),
    });
    clock.advance(1000);
    for (const slot of [one, other]) slot.acknowledge(1, () => ({ ...NOTHING, operators: [STATE] }));
    await settle();
    expect(log).toEqual(["warn checkpoint 1 can't be recorded: torn"]);
    expect(removed).toEqual([4]);
    expect([one.told.at(-1)?.type, master.status]).toEqual(["checkpointAborted", "RUNNING"]);
    master.cancel();
  });

  it("is asked to remove what comes for a checkpoint that was given up", async () => {
    const removed: number[] = [];
    const { master, clock, one, other } = await running({
      config: {
        ...CHECKPOINTS,
        "execution.checkpointing.timeout": 500,
        "execution.checkpointing.tolerable-failed-checkpoints": 1,
      },
      wrapStore: (store) => ({
        ...storeOf(store),
        discardUnrecorded: async ({ operators }) => {
          removed.push(operators.length);
        },
      }),
    });
    clock.advance(1000);
    one.acknowledge(1, () => ({ ...NOTHING, operators: [STATE] }));
    clock.advance(500);
    await settle();
    expect(removed).toEqual([2]);
    other.acknowledge(1, () => ({ ...NOTHING, operators: [STATE] }));
    await settle();
    expect(removed).toEqual([2, 1, 1]);
    expect(master.checkpoints).toMatchObject({ completed: 0, failed: 1 });
    master.cancel();
  });

  it("loses older checkpoints when all slots have heard of the new one, not before", async () => {
    const { job, record, discarded } = await slow({});
    record();
    const { master, clock, one, other } = job;
    const answer = other.send.bind(other);
    const unanswered: number[] = [];
    for (const id of [1, 2]) {
      if (id === 2)
        other.send = (message) => {
          if (message.type === "reportMetrics") unanswered.push(message.request);
          else answer(message);
        };
      clock.advance(1000);
      for (const slot of [one, other]) slot.acknowledge(id);
      await settle();
    }
    expect([master.checkpoints.completed, discarded]).toEqual([2, []]);
    for (const request of unanswered) other.onMessage?.({ type: "metrics", request, tasks: {} });
    await settle();
    expect(discarded).toEqual([1]);
    master.cancel();
  });
});
