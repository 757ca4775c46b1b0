import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectedOutput, readOutput, writeInput } from "../crash/crash-run.ts";
import type { JobView } from "../../packages/millrace/src/protocol/cluster/job-view.ts";
import { FakeMain } from "./fake-main.ts";
import type { FakeSubmission } from "./fake-main.ts";
import { digitCounts } from "../testing/count-digits.ts";
import { COUNT } from "./jobs/crashing-enumerator.ts";
import "../testing/built-threads.ts";

const TOTALS = new URL("../crash/jobs/totals.ts", import.meta.url);

let folder: string;
let mains: FakeMain[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-rescale-"));
  mains = [];
});
afterEach(async () => {
  await Promise.all(mains.map((main) => main.close()));
  await rm(folder, { recursive: true, force: true });
});

const submission = (over: Partial<FakeSubmission> = {}): FakeSubmission => ({
  module: TOTALS,
  args: [
    `--input=${join(folder, "input")}`,
    `--output=${join(folder, "output")}`,
    `--hurry=${join(folder, "hurry")}`,
    "--spin=100",
    "--at-most=1200",
  ],
  slots: 3,
  parallelism: 2,
  ...over,
  config: {
    "execution.checkpointing.interval": "50 ms",
    "execution.checkpointing.dir": join(folder, "checkpoints"),
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "10",
    "restart-strategy.fixed-delay.delay": "1 ms",
    ...over.config,
  },
});

/** Until then no job comes to its end. */
const hurry = (): void => writeFileSync(join(folder, "hurry"), "");

async function run(over: Partial<FakeSubmission> = {}): Promise<FakeMain> {
  const main = await FakeMain.run(submission(over));
  mains.push(main);
  await main.built.promise;
  return main;
}

/** The first subtasks' parallelisms once so many rescalings are complete. */
async function rescaled(main: FakeMain, times: number): Promise<readonly number[]> {
  await expect
    .poll(
      async () => (await main.describe()).rescales.filter(({ status }) => status === "COMPLETED").length,
      { timeout: 60_000, interval: 20 },
    )
    .toBeGreaterThanOrEqual(times);
  return (await main.describe()).vertices.map(({ parallelism }) => parallelism);
}

describe("a job that is rescaled while it runs", () => {
  it("writes what an undisturbed one does: up, down, with a lost thread between", async () => {
    writeInput(join(folder, "input"), 16_000);
    const main = await run();
    await main.rescale(3);
    expect(Math.max(...(await rescaled(main, 1)))).toBe(3);
    main.resize(2);
    await rescaled(main, 2);
    expect(main.taken).toBeLessThanOrEqual(2);
    await main.rescale(1);
    expect(await rescaled(main, 3)).toEqual((await main.describe()).vertices.map(() => 1));
    hurry();
    const { status, error } = await main.ended.promise;
    expect([status, error]).toEqual(["FINISHED", undefined]);
    expect(readOutput(join(folder, "output"))).toEqual(expectedOutput(join(folder, "input")));
    expect(main.statuses.filter((one) => one === "RESTARTING").length).toBeGreaterThanOrEqual(3);
  }, 180_000);

  it("does so with records in flight in its checkpoints, and state in RocksDB", async () => {
    writeInput(join(folder, "input"), 16_000);
    const main = await run({
      config: { "execution.checkpointing.unaligned.enabled": "true", "state.backend.type": "rocksdb" },
    });
    await main.rescale(3);
    await rescaled(main, 1);
    await main.rescale(1);
    await rescaled(main, 2);
    hurry();
    expect(await main.ended.promise).toMatchObject({ status: "FINISHED", error: undefined });
    expect(readOutput(join(folder, "output"))).toEqual(expectedOutput(join(folder, "input")));
  }, 180_000);

  it("uses the slots that there are in reactive mode, and those that come", async () => {
    writeInput(join(folder, "input"), 16_000);
    const main = await run({
      slots: 1,
      config: {
        "scheduler-mode": "reactive",
        "jobmanager.adaptive-scheduler.scaling-interval.min": "0",
        "pipeline.max-parallelism": "8",
      },
    });
    await expect.poll(() => main.statuses, { timeout: 40_000 }).toContain("RUNNING");
    main.resize(3);
    expect(Math.max(...(await rescaled(main, 1)))).toBe(3);
    expect((await main.describe()).rescales[0]).toMatchObject({
      trigger: "new resources",
      status: "COMPLETED",
    });
    hurry();
    const { status, view } = await main.ended.promise;
    expect(status).toBe("FINISHED");
    expect(view).toMatchObject({ status: "FINISHED", waiting: undefined });
    expect(readOutput(join(folder, "output"))).toEqual(expectedOutput(join(folder, "input")));
  }, 180_000);

  it("goes on from its last checkpoint when another JobManager takes it over", async () => {
    writeInput(join(folder, "input"), 12_000);
    const first = await run();
    const { settled } = await first.built.promise;
    await expect
      .poll(async () => (await first.describe()).checkpoints.counts.completed, { timeout: 40_000 })
      .toBeGreaterThan(0);
    await first.call({ method: "suspend" });
    expect(await first.ended.promise).toMatchObject({ status: "SUSPENDED" });
    // Once, however many checkpoints follow.
    expect(first.checkpointed).toBe(1);
    const earlier = { jobId: first.jobId, settled, checkpointed: true };
    const next = await FakeMain.run(submission({ earlier, epoch: 3 }));
    mains.push(next);
    await expect
      .poll(() => next.log.some((line) => /going on from checkpoint \d+/u.test(line)), { timeout: 40_000 })
      .toBe(true);
    // One that led in between, and was stopped before it came to that, takes nothing away when it goes on.
    const stopped = await FakeMain.run(submission({ earlier, epoch: 2 }));
    mains.push(stopped);
    await expect(stopped.built.promise).rejects.toMatchObject({ code: "FENCED" });
    hurry();
    expect(await next.ended.promise).toMatchObject({ status: "FINISHED" });
    expect([next.checkpointed, readOutput(join(folder, "output"))]).toEqual([
      0,
      expectedOutput(join(folder, "input")),
    ]);
    // Its checkpoints are removed: from its beginning it would write everything twice.
    const late = await FakeMain.run(submission({ earlier, epoch: 4 }));
    mains.push(late);
    await expect(late.built.promise).rejects.toMatchObject({
      code: "SAVEPOINT_NOT_FOUND",
      message: expect.stringMatching(/had completed checkpoints, and there is none in .* any more/u),
    });
  }, 180_000);
});

describe("the thread of a JobMaster", () => {
  it("outlives what enumerators throw where nobody catches it: the job starts again", async () => {
    const output = join(folder, "output");
    const main = await run({
      module: new URL("jobs/crashing-enumerator.ts", import.meta.url),
      args: ["--output", output, "--trip", join(folder, "trip")],
    });
    const { status, view } = await main.ended.promise;
    expect([status, (view as JobView).restarts]).toEqual(["FINISHED", 1]);
    expect((view as JobView).exceptions[0]).toMatchObject({
      code: "RangeError",
      message: "nobody catches this",
    });
    expect(main.output.join("")).toBe("an enumerator is made\n".repeat(2));
    // Each digit's counts, each once.
    expect(readOutput(output)).toEqual(digitCounts(COUNT));
  }, 30_000);

  it("answers the plan of a job, and why there is none", async () => {
    const main = await FakeMain.plan(submission());
    mains.push(main);
    const { plan, settled } = await main.built.promise;
    expect(plan).toMatchObject({ job: "totals", slots: 2 });
    expect(settled).toMatchObject({ jobName: "totals", args: { spin: 100 } });
    const wrong = await FakeMain.plan(submission({ args: ["--nonsense"] }));
    mains.push(wrong);
    await expect(wrong.built.promise).rejects.toMatchObject({ code: "UNKNOWN_OPTION" });
  }, 30_000);

  it("tells of a job as it is, takes savepoints, refuses what can't be, stops", async () => {
    writeInput(join(folder, "input"), 10_000);
    // None is forgotten of those that are asked for here.
    const main = await run({ config: { "execution.checkpointing.interval": "1 h" } });
    await expect.poll(() => main.statuses, { timeout: 40_000 }).toContain("RUNNING");
    const { path } = (await main.call({
      method: "savepoint",
      directory: join(folder, "savepoints"),
    })) as { path: string };
    expect(path).toContain(join(folder, "savepoints"));
    await main.call({ method: "checkpoint" });
    const [vertex] = (await main.describe()).vertices;
    await expect(
      main.call({ method: "requirements", requirements: { [vertex?.id ?? ""]: { lower: 1, upper: 4000 } } }),
    ).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect
      .poll(async () => (await main.describe()).vertices[0]?.subtasks[0]?.current.metrics["numRecordsOut"], {
        timeout: 40_000,
      })
      .toBeGreaterThan(0);
    const view = await main.describe();
    expect(view).toMatchObject({ status: "RUNNING", waiting: undefined, name: "totals", restarts: 0 });
    const complete = view.checkpoints.history.find(
      ({ kind, status }) => kind === "savepoint" && status === "COMPLETED",
    );
    expect(complete).toMatchObject({ acknowledged: complete?.subtasks, discarded: false });
    expect(complete?.tasks.flatMap(({ subtasks }) => subtasks).every(({ ackAt }) => (ackAt ?? 0) > 0)).toBe(
      true,
    );
    expect(view.vertices[0]?.subtasks[0]?.current).toMatchObject({
      state: "RUNNING",
      taskManagerId: "tm",
      endpoint: "127.0.0.1:1",
    });
    const stopped = (await main.call({
      method: "stop",
      directory: join(folder, "savepoints"),
      drain: false,
    })) as {
      path: string;
    };
    expect(stopped.path).not.toBe(path);
    expect(await main.ended.promise).toMatchObject({ status: "FINISHED" });
    hurry();
    const again = await run({ restore: stopped.path, parallelism: 1 });
    expect(await again.ended.promise).toMatchObject({ status: "FINISHED" });
    expect(readOutput(join(folder, "output"))).toEqual(expectedOutput(join(folder, "input")));
  }, 180_000);
});
