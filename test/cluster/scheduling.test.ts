import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { allRun, InProcessCluster, placesOf } from "./in-process-cluster.ts";
import "../testing/built-threads.ts";

const REGIONS = new URL("./jobs/regions.ts", import.meta.url);
const CHECKPOINTS = {
  "execution.checkpointing.interval": "100 ms",
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": "100",
  "restart-strategy.fixed-delay.delay": "1 ms",
};
const ADAPTIVE = {
  ...CHECKPOINTS,
  "jobmanager.scheduler": "adaptive",
  "jobmanager.adaptive-scheduler.resource-stabilization-timeout": "10 ms",
  "jobmanager.adaptive-scheduler.scaling-interval.min": "0",
};

let cluster: InProcessCluster;
afterEach(() => cluster.close());

/** Attempts of the subtasks of a job's only vertex, as the REST API tells them. */
async function attempts(job: string): Promise<readonly (readonly [attempt: number, taskManager: string])[]> {
  const { vertices } = (await cluster.get(`/jobs/${job}`)) as { vertices: readonly { id: string }[] };
  const { subtasks } = (await cluster.get(`/jobs/${job}/vertices/${vertices[0]?.id}`)) as {
    subtasks: readonly { attempt: number; "taskmanager-id": string }[];
  };
  return subtasks.map((each) => [each.attempt, each["taskmanager-id"]]);
}

describe("jobs in a cluster with high availability", () => {
  it(
    "start only again what failed, wait for slots and say so, and are suspended when the JobManager ends",
    { timeout: 120_000 },
    async () => {
      cluster = await InProcessCluster.start([2, 2], {
        "high-availability.type": "filesystem",
        "cluster.evenly-spread-out-slots": "true",
        "slot.request.timeout": "2 s",
      });
      const fail = join(cluster.folder, "fail");
      const job = await cluster.run(REGIONS, { args: ["--fail", fail], parallelism: 3, config: CHECKPOINTS });
      const view = await cluster.reaches(
        job,
        (each) => allRun(each) && each.checkpoints.counts.completed > 0,
      );
      expect(new Set(placesOf(view)).size).toBe(2);
      const before = await attempts(job);
      expect(before.map(([attempt]) => attempt)).toEqual([0, 0, 0]);

      // One part fails: the others go on, and it runs where it ran before.
      writeFileSync(fail, "");
      await cluster.reaches(job, (each) => each.restarts === 1 && allRun(each));
      const failed = await attempts(job);
      expect(failed.map(([attempt]) => attempt).sort((a, b) => a - b)).toEqual([0, 0, 1]);
      expect(failed.map(([, place]) => place)).toEqual(before.map(([, place]) => place));

      // Another job waits, in vain.
      const other = await cluster.run(REGIONS, { parallelism: 3 });
      // On a busy machine the wait may be over before it is seen.
      const waiting = await cluster.reaches(
        other,
        (each) => each.waiting !== undefined || each.status === "FAILED",
      );
      expect([
        undefined,
        expect.stringMatching(/^waiting for 3 slots, 1 is free for it, \d s of 2 s/u),
      ]).toContainEqual(waiting.waiting);
      const { exceptions } = await cluster.reaches(other, ({ status }) => status === "FAILED");
      expect(exceptions.find(({ code }) => code === "NO_SLOTS")?.message).toMatch(
        /^job "regions" waited for 3 slots, and 1 of the 4 of 2 TaskManagers was free for it \(waited /u,
      );

      // A TaskManager is lost: what ran there starts again, nothing else.
      const [[, lost]] = failed as [readonly [number, string]];
      await cluster.taskManagers.get(lost)?.close();
      await cluster.startTaskManager(2);
      await cluster.reaches(job);
      const after = await attempts(job);
      const restarted = after.map(([attempt], subtask) => attempt > (failed[subtask]?.[0] ?? 0));
      expect(restarted).toEqual(failed.map(([, place]) => place === lost));

      // The JobManager ends in order, and the next one goes on; over all TaskManagers, whoever is back first.
      const { jobManager } = cluster;
      const { history } = (await cluster.job(job)).checkpoints;
      const newest = history.find(({ status }) => status === "COMPLETED")?.id ?? 0;
      await jobManager.close();
      expect(readFileSync(jobManager.logPath, "utf8")).toContain(`job ${job} (regions) is over: SUSPENDED`);
      await cluster.startJobManager({ "jobmanager.rpc.port": String(jobManager.rpcPort) });
      const again = await cluster.reaches(job);
      expect(cluster.jobManager.epoch).toBe(2);
      expect(new Set(placesOf(again)).size).toBe(2);
      expect(again.checkpoints.restored?.id).toBeGreaterThanOrEqual(newest);
    },
  );
});

describe("TaskManagers of exclusive jobs", () => {
  it("run one job at a time, also one that takes what it can get", { timeout: 120_000 }, async () => {
    cluster = await InProcessCluster.start([2, 2], { "taskmanager.exclusive-jobs": "true" });
    const first = await cluster.run(REGIONS, { parallelism: 1 });
    const [one] = placesOf(await cluster.reaches(first));
    const second = await cluster.run(REGIONS, { parallelism: 1 });
    const [other] = placesOf(await cluster.reaches(second));
    expect(new Set([one, other])).toEqual(new Set(["tm1", "tm2"]));
    const third = await cluster.run(REGIONS, { parallelism: 4, config: ADAPTIVE });
    const waiting = await cluster.reaches(third, (view) => view.waiting !== undefined);
    // Two slots are free, but not for it.
    expect([waiting.status, waiting.waiting]).toEqual([
      "CREATED",
      expect.stringMatching(/^waiting for 1 slot, 0 are free for it/u),
    ]);
    await cluster.jobManager.gateway.cancel(first);
    const narrow = await cluster.reaches(third);
    expect(placesOf(narrow)).toEqual([one, one]);
    await cluster.jobManager.gateway.cancel(second);
    const wide = await cluster.reaches(third, (view) => allRun(view) && view.vertices[0]?.parallelism === 4);
    expect(
      placesOf(wide)
        .map((place) => place === one)
        .filter(Boolean),
    ).toHaveLength(2);
  });
});
