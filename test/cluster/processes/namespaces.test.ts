import { expect, it } from "vitest";
import { Namespaces, namespacesRefused } from "./network-namespaces.ts";
import { ProcessCluster } from "./process-cluster.ts";
import { TotalsRun } from "./testing-totals.ts";

const refused = namespacesRefused();

it.skipIf(refused !== undefined)(
  `runs a job on machines with addresses of their own, and outlasts pulled plugs${refused === undefined ? "" : ` (${refused})`}`,
  { timeout: 300_000 },
  async () => {
    using machines = new Namespaces(4);
    const cluster = await ProcessCluster.start({
      taskManagers: 0,
      slots: 1,
      jobManagerPlace: machines.place(0),
    });
    try {
      await Promise.all([1, 2, 3].map((index) => cluster.startTaskManager({}, machines.place(index))));
      await cluster.registered(3);
      const { taskmanagers } = (await cluster.get("/taskmanagers")) as { taskmanagers: { path: string }[] };
      const hosts = [1, 2, 3].map((index) => machines.place(index).host);
      for (const host of hosts)
        expect(
          taskmanagers.some(({ path }) => path.includes(host)),
          host,
        ).toBe(true);

      const run = await TotalsRun.start(cluster, 8000, { parallelism: 2 });
      const { taskmanagers: all } = (await cluster.get("/taskmanagers")) as {
        taskmanagers: { path: string; freeSlots: number }[];
      };
      const used = all.find(({ freeSlots }) => freeSlots === 0)?.path ?? "";
      const machine = hosts.findIndex((host) => used.includes(host)) + 1;
      expect(machine).toBeGreaterThan(0);

      machines.link(machine, "down");
      await cluster.registered(2);
      await run.checkpointed(2);
      machines.link(machine, "up");
      await cluster.registered(3);

      machines.link(0, "down");
      await new Promise((resolve) => setTimeout(resolve, 4000));
      machines.link(0, "up");
      await cluster.registered(3);
      await run.checkpointed(2);
      await run.expectAll();
    } finally {
      await cluster.close();
    }
  },
);
