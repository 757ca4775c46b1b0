import { expect, it } from "vitest";
import { belongings, runManyJobs } from "./many-jobs.ts";
import { ProcessCluster } from "./process-cluster.ts";

const linux = process.platform === "linux";

it.skipIf(!linux)(
  `keeps neither threads nor files of jobs that have ended${linux ? "" : " (asks Linux what processes have)"}`,
  { timeout: 400_000 },
  async () => {
    const cluster = await ProcessCluster.start({
      taskManagers: 2,
      slots: 1,
      // Nobody is taken for lost because the machine is busy.
      config: { "heartbeat.timeout": "60 s" },
    });
    try {
      const processes = [cluster.jobManager, ...cluster.taskManagers];
      await runManyJobs(cluster, 4);
      const before = processes.map(belongings);
      await runManyJobs(cluster, 10);
      // Threads end, and new ones are started ahead, a moment after a job has.
      await cluster.until(
        () =>
          Promise.resolve(
            processes.map(belongings).every(({ threads, files }, i) => {
              const at = before[i];
              return at !== undefined && threads <= at.threads + 6 && files <= at.files + 8;
            }),
          ),
        () => `as many threads and files as before: ${JSON.stringify([before, processes.map(belongings)])}`,
      );
      expect(cluster.logs()).not.toMatch(/ (ERROR|WARN) /u);
    } finally {
      await cluster.close();
    }
  },
);
