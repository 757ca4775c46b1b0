import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "../../../packages/millrace/src/common/clock/random.ts";
import { readOutput } from "../../crash/crash-run.ts";
import { COUNT } from "../../recovery/jobs/counted.ts";
import { digitCounts } from "../../testing/count-digits.ts";
import { ProcessCluster, type ProcessClusterOptions } from "./process-cluster.ts";
import { TotalsRun } from "./testing-totals.ts";

let cluster: ProcessCluster;
let shared: string;
beforeEach(async () => (shared = await mkdtemp(join(tmpdir(), "millrace-ha-"))));
afterEach(async () => {
  await cluster.close();
  await rm(shared, { recursive: true, force: true });
});
const start = async (options: ProcessClusterOptions): Promise<ProcessCluster> =>
  (cluster = await ProcessCluster.start(options));
const expectAll = (run: TotalsRun): Promise<void> => run.expectAll();
const durable = (): Record<string, string> => ({
  "high-availability.type": "filesystem",
  "high-availability.storageDir": shared,
});

describe("a cluster of processes", { timeout: 300_000 }, () => {
  it("runs jobs side by side over two TaskManagers, and lets one be cancelled", async () => {
    await start({ taskManagers: 2, slots: 2 });
    const first = await TotalsRun.start(cluster, 4000, { parallelism: 2, name: "first" });
    const second = await TotalsRun.start(cluster, 400_000, { parallelism: 2, name: "second" });
    await cluster.request("PATCH", `/jobs/${second.job}?mode=cancel`);
    await cluster.reaches(second.job, "CANCELED");
    await expectAll(first);
    // Threads and slots are given back.
    await cluster.until(async () => {
      const { "slots-available": free } = (await cluster.get("/overview")) as { "slots-available": number };
      return free === 4;
    }, "free slots");
  });

  it("goes on from its last checkpoint when a TaskManager is killed and another comes", async () => {
    await start({ taskManagers: 2, slots: 1 });
    const run = await TotalsRun.start(cluster, 8000, { parallelism: 2 });
    await cluster.taskManagers[0]?.kill();
    await cluster.startTaskManager();
    await expectAll(run);
  });

  it("does without a TaskManager that was stopped, and is not disturbed when it goes on", async () => {
    await start({ taskManagers: 3, slots: 1 });
    const run = await TotalsRun.start(cluster, 12_000, { parallelism: 2 });
    const { taskmanagers } = (await cluster.get("/taskmanagers")) as {
      taskmanagers: { id: string; freeSlots: number }[];
    };
    const used = taskmanagers.find(({ freeSlots }) => freeSlots === 0)?.id ?? "";
    const stopped = cluster.taskManagers[Number(used.slice(2)) - 1];
    stopped?.signal("SIGSTOP");
    await cluster.registered(2);
    await run.checkpointed(2);
    stopped?.signal("SIGCONT");
    await cluster.registered(3);
    await expectAll(run);
  });

  it("restores from the disks of its TaskManagers, each subtask where it was", async () => {
    await start({ taskManagers: 2, slots: 1 });
    const [output, trip, go] = ["output", "trip", "go"].map((name) => join(shared, name)) as [
      string,
      string,
      string,
    ];
    const job = await cluster.run(new URL("../../recovery/jobs/counted.ts", import.meta.url), {
      parallelism: 2,
      args: ["--output", output, "--trip", trip, "--go", go],
      config: {
        "execution.checkpointing.interval": "100 ms",
        "execution.checkpointing.dir": join(shared, "checkpoints"),
        "execution.checkpointing.data-inline-threshold": "0",
        "execution.state-recovery.from-local": "true",
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.delay": "20 ms",
      },
    });
    const arrived = async (): Promise<number> => {
      const { vertices } = (await cluster.get(`/jobs/${job}`)) as {
        vertices: { metrics: { "read-records": number } }[];
      };
      return vertices.at(-1)?.metrics["read-records"] ?? 0;
    };
    const completed = async (): Promise<number> =>
      ((await cluster.get(`/jobs/${job}/checkpoints`)) as { counts: { completed: number } }).counts.completed;
    await cluster.until(async () => (await arrived()) === COUNT / 2, "the first half");
    const before = await completed();
    // The one at hand may have begun earlier.
    await cluster.until(async () => (await completed()) > before + 1, "a checkpoint of it");
    await writeFile(trip, "");
    await writeFile(go, "");
    expect(await cluster.reaches(job, "FINISHED", "FAILED"), cluster.logs()).toBe("FINISHED");
    expect(readOutput(output)).toEqual(digitCounts(COUNT));
    // Of operator state each subtask looks at that of all.
    const restored = [
      ...cluster.logs().matchAll(/has restored (\d+) bytes from local copies, (\d+) bytes from checkpoint/gu),
    ];
    expect(restored.length).toBeGreaterThan(1);
    for (const [line, local, remote] of restored) expect(Number(local), line).toBeGreaterThan(Number(remote));
  });

  it("goes on with the next JobManager when the JobManager is killed", async () => {
    await start({ taskManagers: 2, slots: 1, config: durable() });
    // Whoever names no folder for checkpoints has them beside the job's record.
    const config = { "execution.checkpointing.dir": undefined };
    const run = await TotalsRun.start(cluster, 8000, {
      parallelism: 2,
      config,
      checkpointFolder: join(shared, "default", "checkpoints"),
    });
    const started = async (): Promise<number> =>
      ((await cluster.get(`/jobs/${run.job}`)) as { "start-time": number })["start-time"];
    const before = await started();
    await cluster.jobManager.kill();
    await cluster.startJobManager();
    expect(cluster.epoch).toBe(2);
    await expectAll(run);
    expect(await started()).toBe(before);
  });

  it("is not disturbed by a JobManager that was stopped, replaced and resumed", async () => {
    await start({ taskManagers: 1, slots: 2, config: durable() });
    const run = await TotalsRun.start(cluster, 8000, { parallelism: 2 });
    const former = cluster.jobManager;
    former.signal("SIGSTOP");
    // Its port is taken as long as it lives: the next one has another, stands by until the former is silent, and is found by the TaskManager.
    await cluster.moveJobManager();
    expect(cluster.logs()).toContain("this one stands by");
    await cluster.registered(1);
    await run.checkpointed();
    former.signal("SIGCONT");
    expect(await former.exit).toBe(1);
    expect(former.stderr).toContain("FENCED");
    await expectAll(run);
  });

  it("stops with a savepoint and starts from it, wider", async () => {
    await start({ taskManagers: 2, slots: 2 });
    const first = await TotalsRun.start(cluster, 8000, { parallelism: 2 });
    const savepointPath = await first.stop(join(cluster.folder, "savepoints"));
    await cluster.reaches(first.job, "FINISHED");
    const second = await TotalsRun.start(cluster, 8000, { parallelism: 4, savepointPath });
    await expectAll(second);
  });

  it("ends in order when it is shut down", async () => {
    await start({ taskManagers: 2, slots: 1 });
    const run = await TotalsRun.start(cluster, 400_000, { parallelism: 2 });
    await cluster.request("DELETE", "/cluster");
    const all = [cluster.jobManager, ...cluster.taskManagers];
    expect(await Promise.all(all.map(({ exit }) => exit))).toEqual([0, 0, 0]);
    expect(cluster.logs()).toContain(`job ${run.job} (totals) is over: CANCELED`);
  });

  it("rescales while it runs", async () => {
    await start({ taskManagers: 2, slots: 2 });
    const run = await TotalsRun.start(cluster, 16_000, { parallelism: 1 });
    expect(await run.parallelism()).toBe(1);
    await run.rescale(4);
    await cluster.until(async () => (await run.parallelism()) === 4, "parallelism 4");
    await run.checkpointed();
    await run.rescale(2);
    await cluster.until(async () => (await run.parallelism()) === 2, "parallelism 2");
    await expectAll(run);
  });

  it("loses and doubles nothing, whoever is killed", async () => {
    const random = seededRandom(7);
    await start({ taskManagers: 3, slots: 1, config: durable() });
    const run = await TotalsRun.start(cluster, 16_000, { parallelism: 2 });
    for (let kills = 0; kills < 4; kills++) {
      if (random.next() < 0.3) {
        await cluster.jobManager.kill();
        await cluster.startJobManager();
      } else {
        const victim = Math.floor(random.next() * cluster.taskManagers.length);
        await cluster.taskManagers.splice(victim, 1)[0]?.kill();
        await cluster.startTaskManager();
      }
      await new Promise((resolve) => setTimeout(resolve, random.next() * 1000));
    }
    await expectAll(run);
  });
});
