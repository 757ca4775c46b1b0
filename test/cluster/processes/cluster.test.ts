import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectedTotals } from "./jobs/totals.ts";
import { ProcessCluster, type ProcessClusterOptions } from "./process-cluster.ts";

const TOTALS = new URL("./jobs/totals.ts", import.meta.url);

let cluster: ProcessCluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});
const start = async (options: ProcessClusterOptions): Promise<ProcessCluster> =>
  (cluster = await ProcessCluster.start(options));

/** What was committed to a folder, sorted. */
const linesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.split("/").some((part) => part.startsWith(".") || part.startsWith("_")))
    .filter((name) => name.includes("part"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .sort();

const checkpoints = (folder: string): Record<string, string> => ({
  "execution.checkpointing.interval": "200 ms",
  "execution.checkpointing.dir": join(folder, "checkpoints"),
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": "100",
  "restart-strategy.fixed-delay.delay": "100 ms",
});

/** Runs the totals with checkpoints, and waits until one is complete. */
async function runTotals(count: number, parallelism: number): Promise<{ job: string; output: string }> {
  const { folder } = cluster!;
  const output = join(folder, "out");
  const job = await cluster!.run(TOTALS, {
    args: ["--output", output, "--count", String(count)],
    parallelism,
    config: checkpoints(folder),
  });
  await checkpointed(job, 1);
  return { job, output };
}

async function checkpointed(job: string, atLeast: number): Promise<void> {
  await cluster!.until(async () => {
    const { counts } = (await cluster!.get(`/jobs/${job}/checkpoints`)) as { counts: { completed: number } };
    return counts.completed >= atLeast;
  }, `${atLeast} checkpoints of ${job}`);
}

async function expectFinished(job: string, output: string, count: number): Promise<void> {
  expect(await cluster!.reaches(job, "FINISHED", "FAILED"), cluster!.logs()).toBe("FINISHED");
  expect(linesIn(output)).toEqual(expectedTotals(count));
}

const durable = (): Record<string, string> => ({
  "high-availability.type": "filesystem",
  "high-availability.storageDir": HA,
});
let HA: string;
beforeEach(async () => (HA = await mkdtemp(join(tmpdir(), "millrace-ha-"))));
afterEach(() => rm(HA, { recursive: true, force: true }));

describe("a cluster of processes", () => {
  it("runs a job over two TaskManagers", async () => {
    const { folder } = await start({ taskManagers: 1, slots: 4 });
    const output = join(folder, "out");
    const job = await cluster!.run(TOTALS, { args: ["--output", output, "--count", "2000"], parallelism: 4 });
    await expectFinished(job, output, 2000);
  });

  it("goes on from its last checkpoint when a TaskManager is killed and another comes", async () => {
    await start({ taskManagers: 1, slots: 2 });
    const { job, output } = await runTotals(8000, 2);
    await cluster!.taskManagers[0]?.kill();
    await cluster!.startTaskManager();
    await expectFinished(job, output, 8000);
  });

  it("goes on with the next JobManager when the JobManager is killed", async () => {
    await start({ taskManagers: 1, slots: 2, config: durable() });
    const { job, output } = await runTotals(8000, 2);
    await cluster!.jobManager.kill();
    await cluster!.startJobManager();
    expect(cluster!.epoch).toBe(2);
    await expectFinished(job, output, 8000);
  });

  it("is not disturbed by a JobManager that was stopped, replaced and resumed", async () => {
    await start({ taskManagers: 1, slots: 2, config: durable() });
    const { job, output } = await runTotals(8000, 2);
    const former = cluster!.jobManager;
    former.signal("SIGSTOP");
    // Its port is taken as long as it lives: the next one has another, at which TaskManagers look for it, too.
    await cluster!.moveJobManager();
    await cluster!.startTaskManager();
    await checkpointed(job, 1);
    former.signal("SIGCONT");
    expect(await former.exit).toBe(1);
    expect(former.stderr).toContain("FENCED");
    await expectFinished(job, output, 8000);
  });
});
