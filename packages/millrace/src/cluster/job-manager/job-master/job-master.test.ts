import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { attempt, executionId } from "../../../common/ids/ids.ts";
import type { ExecutionId } from "../../../common/ids/ids.ts";
import { FIXED, running } from "./testing/running-job.ts";
import { scriptedJob, settle, SOURCE } from "./testing/scripted-job.ts";
import type { ScriptedSlot } from "./testing/scripted-slots.ts";

const closedChannel = new MillraceError("CHANNEL_CLOSED", "its producer closed it before");
const broken = new MillraceError("USER_FUNCTION_FAILED", "the cause");
const s0 = executionId(SOURCE, 0, attempt(0));

describe("JobMaster", () => {
  it("starts tasks when all slots have deployed, and finishes when all tasks have", async () => {
    const { master, slots } = await scriptedJob();
    const [one, other] = slots.latest as [ScriptedSlot, ScriptedSlot];
    expect([one.executions, other.executions]).toEqual([
      ["s/0#0", "w/0#0"],
      ["s/1#0", "w/1#0"],
    ]);
    one.deployed();
    expect(one.told).toEqual([]);
    other.deployed();
    expect([one, other].map(({ told }) => told.map(({ type }) => type))).toEqual([["start"], ["start"]]);
    for (const slot of slots.latest)
      for (const state of ["INITIALIZING", "RUNNING", "FINISHED"] as const) slot.all(state);
    expect(await master.done).toMatchObject({ status: "FINISHED", error: undefined });
    expect(slots.latest.every(({ closed }) => closed)).toBe(true);
  });

  it("names the failure that the others follow from, whichever is heard first, and cancels the rest", async () => {
    const { master, one, other } = await running();
    other.state(executionId(SOURCE, 1, attempt(0)), "FAILED", closedChannel);
    expect(one.told.at(-1)).toMatchObject({ type: "cancel", executions: ["s/0#0", "w/0#0"] });
    one.state(s0, "FAILED", broken);
    one.all("CANCELED");
    other.all("CANCELED");
    const { status, error, givenUp } = await master.done;
    expect([status, error?.message, givenUp]).toEqual(["FAILED", "the cause", undefined]);
  });

  it("a job that is being cancelled ends cancelled, although a task fails because its neighbour is gone", async () => {
    const { master, one, other } = await running({ config: FIXED });
    master.cancel();
    other.state(executionId(SOURCE, 1, attempt(0)), "FAILED", closedChannel);
    expect(master.status).toBe("CANCELLING");
    one.all("CANCELED");
    other.all("CANCELED");
    expect((await master.done).status).toBe("CANCELED");
  });

  it("fails when a slot is lost, without waiting for it", async () => {
    const { master, one, other } = await running();
    one.onClose?.(new RangeError("out of memory"));
    other.all("CANCELED");
    const { status, error } = await master.done;
    expect([status, MillraceError.is(error, "SLOT_LOST")]).toEqual(["FAILED", true]);
  });

  it("ends the slots of tasks that don't let go in time, so that a job can always be cancelled", async () => {
    const { master, clock, one, other } = await running();
    master.cancel();
    one.all("CANCELED");
    clock.advance(29_999);
    expect([master.status, other.closed]).toEqual(["CANCELLING", false]);
    clock.advance(1);
    expect((await master.done).status).toBe("CANCELED");
    expect(other.closed).toBe(true);
  });

  it("ignores what comes from executions that it doesn't know, or that are over", async () => {
    const { master, one, other } = await running();
    one.all("FINISHED");
    one.state(s0, "FAILED", closedChannel);
    one.state(executionId(SOURCE, 0, attempt(7)), "FAILED");
    other.all("FINISHED");
    expect((await master.done).status).toBe("FINISHED");
  });
});

describe("a job that is started again", () => {
  it("lets go of what lives, waits as its strategy says, and deploys the next attempt into fresh slots", async () => {
    const { master, slots, clock, one, other, log } = await running({ config: FIXED });
    one.state(s0, "FAILED", broken);
    expect(master.status).toBe("RESTARTING");
    clock.advance(10_000);
    await settle();
    // Not before everything is gone.
    expect(slots.opened).toHaveLength(1);
    one.all("CANCELED");
    other.all("CANCELED");
    await settle();
    expect([one.closed, other.closed, slots.prepared]).toEqual([true, true, [2]]);
    clock.advance(499);
    await settle();
    expect(slots.opened).toHaveLength(1);
    clock.advance(1);
    await settle();
    expect(slots.latest.map(({ executions }) => executions)).toEqual([
      ["s/0#1", "w/0#1"],
      ["s/1#1", "w/1#1"],
    ]);
    expect(slots.latest[0]?.deployment.token.attempt).toBe(1);
    expect([master.status, master.restarts]).toEqual(["RUNNING", 1]);
    expect(log).toEqual([
      "warn the job failed and is started again in 500 ms: the cause",
      "info no checkpoint is complete: starting again from the beginning",
    ]);
    for (const slot of slots.latest) slot.run();
    for (const slot of slots.latest) slot.all("FINISHED");
    expect((await master.done).status).toBe("FINISHED");
  });

  it("ignores what an earlier attempt still says", async () => {
    const { master, slots, clock, one, other } = await running({ config: FIXED });
    one.state(s0, "FAILED", broken);
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    clock.advance(500);
    await settle();
    for (const slot of slots.latest) slot.run();
    one.state(s0, "FAILED", broken);
    one.onClose?.(undefined);
    other.onMessage?.({ type: "requestSplit", execution: s0 });
    expect(master.status).toBe("RUNNING");
    master.cancel();
  });

  it("fails when the strategy gives up, and says why", async () => {
    const { master, slots, clock, one, other } = await running({ config: FIXED });
    one.state(s0, "FAILED", broken);
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    clock.advance(500);
    await settle();
    const [first, second] = slots.latest as [ScriptedSlot, ScriptedSlot];
    for (const slot of slots.latest) slot.run();
    second.onClose?.(new RangeError("out of memory"));
    first.all("CANCELED");
    const { status, error, givenUp } = await master.done;
    expect([status, MillraceError.is(error, "SLOT_LOST")]).toEqual(["FAILED", true]);
    expect(givenUp).toBe(
      "it was started again 1 time, as often as restart-strategy.fixed-delay.attempts allows",
    );
  });

  it.each(["JOB_NOT_DETERMINISTIC", "RESTORE_REFUSED", "CHECKPOINT_CORRUPT"] as const)(
    "fails at once when no restart can help: %s",
    async (code) => {
      const { master, slots } = await scriptedJob({ config: FIXED });
      const cause = new MillraceError(code, "always the same");
      const [one, other] = slots.latest as [ScriptedSlot, ScriptedSlot];
      one.state(s0, "FAILED", new MillraceError("USER_FUNCTION_FAILED", "open", { cause }));
      expect(master.status).toBe("FAILING");
      for (const slot of [one, other]) slot.all("CANCELED");
      const { status, givenUp } = await master.done;
      expect([status, givenUp]).toEqual(["FAILED", `what failed it (${code}) would fail it again`]);
    },
  );

  it("goes by the cause, not by what was heard first", async () => {
    const { master, one, other } = await running({ config: FIXED });
    other.state(executionId(SOURCE, 1, attempt(0)), "FAILED", closedChannel);
    one.state(s0, "FAILED", new MillraceError("CHECKPOINT_CORRUPT", "cut"));
    for (const slot of [one, other]) slot.all("CANCELED");
    const { status, error } = await master.done;
    expect([status, error?.message]).toEqual(["FAILED", "cut"]);
  });

  it("is cancelled at once while it waits", async () => {
    const { master, slots, one, other } = await running({ config: FIXED });
    one.state(s0, "FAILED", broken);
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    master.cancel();
    expect((await master.done).status).toBe("CANCELED");
    expect(slots.opened).toHaveLength(1);
  });

  it("is started again when its slots can't be had", async () => {
    const { master, slots, clock, one, other } = await running({
      config: { ...FIXED, "restart-strategy.fixed-delay.attempts": 2 },
    });
    one.state(s0, "FAILED", broken);
    for (const slot of [one, other]) slot.all("CANCELED");
    await settle();
    slots.failure = new MillraceError("SLOT_LOST", "no thread");
    clock.advance(500);
    await settle();
    expect([master.status, slots.opened.length]).toEqual(["RESTARTING", 1]);
    clock.advance(500);
    await settle();
    expect([master.status, slots.latest[0]?.deployment.token.attempt]).toEqual(["RUNNING", 2]);
    master.cancel();
  });

  it("starts only the part again that failed, where nothing passes between the parts", async () => {
    const { master, slots, clock, log } = await running({ partitioner: "forward", config: FIXED });
    const [[left], [right]] = slots.opened as [[ScriptedSlot], [ScriptedSlot]];
    right.state(executionId(SOURCE, 1, attempt(0)), "FAILED", broken);
    expect(left.told.map(({ type }) => type)).toEqual(["start"]);
    right.all("CANCELED");
    await settle();
    clock.advance(500);
    await settle();
    expect(slots.opened.map(([slot]) => slot?.executions)).toEqual([
      ["s/0#0", "w/0#0"],
      ["s/1#0", "w/1#0"],
      ["s/1#1", "w/1#1"],
    ]);
    expect(log[0]).toMatch(/^warn a part of the job \(subtasks s\/1, w\/1\) failed/u);
    slots.latest[0]?.run();
    for (const slot of [left, slots.latest[0] as ScriptedSlot]) slot.all("FINISHED");
    expect((await master.done).status).toBe("FINISHED");
  });

  it("starts everything again when an enumerator fails, with a new one", async () => {
    const { master, slots, clock, enumerator, context } = await running({
      partitioner: "forward",
      config: FIXED,
    });
    context.fail(new RangeError("no splits today"));
    expect(master.status).toBe("RESTARTING");
    for (const slot of slots.opened.flat()) slot.all("CANCELED");
    await settle();
    clock.advance(500);
    await settle();
    expect(slots.opened.slice(2).map(([slot]) => slot?.executions)).toEqual([
      ["s/0#1", "w/0#1"],
      ["s/1#1", "w/1#1"],
    ]);
    for (const slot of slots.opened.slice(2).flat()) slot.run();
    expect(enumerator.filter((text) => /create|close|start/u.test(text))).toEqual([
      "create",
      "start",
      "close",
      "create",
      "start",
    ]);
    master.cancel();
  });
});

describe("a job without checkpoints", () => {
  it("has sinks commit when every task has ended or waits for that", async () => {
    const { master, one, other } = await running();
    one.state(s0, "FINISHED");
    other.state(executionId(SOURCE, 1, attempt(0)), "FINISHED");
    one.onMessage?.({ type: "endOfData", execution: "w/0#0" as ExecutionId });
    expect(one.told.map(({ type }) => type)).toEqual(["start"]);
    other.onMessage?.({ type: "endOfData", execution: "w/1#0" as ExecutionId });
    expect(one.told.at(-1)).toEqual({ type: "commitAtEnd", executions: ["w/0#0"] });
    for (const slot of [one, other]) slot.all("FINISHED");
    expect((await master.done).status).toBe("FINISHED");
  });

  it("is not started again once sinks commit", async () => {
    const { master, one, other } = await running({ config: FIXED });
    one.state(s0, "FINISHED");
    other.state(executionId(SOURCE, 1, attempt(0)), "FINISHED");
    for (const [slot, id] of [
      [one, "w/0#0"],
      [other, "w/1#0"],
    ] as const)
      slot.onMessage?.({ type: "endOfData", execution: id as ExecutionId });
    one.state("w/0#0" as ExecutionId, "FAILED", broken);
    other.all("CANCELED");
    const { status, givenUp } = await master.done;
    expect([status, givenUp]).toEqual([
      "FAILED",
      "its sinks were committing their last output, part of which would come twice",
    ]);
  });
});
