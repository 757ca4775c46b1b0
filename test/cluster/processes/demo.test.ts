import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { connect } from "millrace/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository, runExample } from "../../examples/run-example.ts";
import { ProcessCluster } from "./process-cluster.ts";
import { linesIn } from "./testing-totals.ts";

let cluster: ProcessCluster;
beforeAll(async () => {
  cluster = await ProcessCluster.start({
    taskManagers: 3,
    slots: 1,
    // Three million records on a busy machine: nobody is lost meanwhile.
    config: { "heartbeat.interval": "2 s", "heartbeat.timeout": "30 s" },
  });
});
afterAll(async () => cluster?.close());

/** Runs a module in this process's own cluster and as an embedded job. @returns the folders that they wrote to */
async function both(
  module: string,
  args: readonly string[],
): Promise<{ readonly cluster: string; readonly local: string; readonly lines: readonly string[] }> {
  const [there, here] = [
    join(cluster.folder, `${module}-cluster`),
    join(cluster.folder, `${module}-local`),
  ] as const;
  const client = connect({ address: cluster.restUrl });
  try {
    const job = await client.submit(pathToFileURL(join(repository, "examples", `${module}.ts`)), {
      args: [...args, "--output", there],
      parallelism: 3,
    });
    expect((await job.waitForEnd()).state, cluster.logs()).toBe("FINISHED");
  } finally {
    client.close();
  }
  const local = await runExample(module, { parallelism: 2, args: [...args, "--output", here] });
  expect([local.code, local.err]).toEqual([0, expect.stringContaining("FINISHED")]);
  return { cluster: there, local: here, lines: local.lines };
}

describe("a cluster of a JobManager and three TaskManagers", { timeout: 600_000 }, () => {
  it("runs the demo as the embedded engine does", async () => {
    const { cluster: there, local, lines } = await both("flight-delays", ["--top", "3"]);
    const written = linesIn(there);
    expect(written).toHaveLength(39_952);
    expect(written).toEqual(linesIn(local));
    // What the job prints stands in the output of the one TaskManager that printed it.
    const outputs = await Promise.all(
      [1, 2, 3].map((tm) =>
        readFile(join(cluster.folder, "log", `millrace-taskmanager-tm${tm}.out`), "utf8").catch(() => ""),
      ),
    );
    expect(outputs.join("").trimEnd().split("\n")).toEqual(lines);
  });

  it("runs Nexmark's hot items as the embedded engine does", async () => {
    const { cluster: there, local } = await both("../test/cluster/processes/jobs/nexmark", [
      "--events",
      "400000",
    ]);
    const written = linesIn(there);
    expect(written.length).toBeGreaterThan(10);
    expect(written).toEqual(linesIn(local));
  });
});
