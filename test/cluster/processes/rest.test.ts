import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ProcessCluster } from "./process-cluster.ts";

const TOTALS = new URL("./jobs/totals.ts", import.meta.url);

let cluster: ProcessCluster;
beforeEach(async () => {
  cluster = await ProcessCluster.start({
    taskManagers: 2,
    slots: 2,
    // Nobody is taken for lost because the machine is busy.
    config: { "rest.flamegraph.duration": "200 ms", "heartbeat.timeout": "60 s" },
  });
});
afterEach(async () => cluster.close());

interface Details {
  readonly vertices: readonly { readonly id: string; readonly name: string; readonly parallelism: number }[];
}

/** Asks until an operation is complete. */
async function completed(path: string): Promise<Readonly<Record<string, unknown>>> {
  type Status = { status: { id: string }; operation: Record<string, unknown> | null };
  let last: Status | undefined;
  await cluster.until(async () => {
    last = (await cluster.get(path)) as Status;
    return last.status.id === "COMPLETED";
  }, path);
  return last?.operation ?? {};
}

async function trigger(path: string, body?: unknown, method = "POST"): Promise<string> {
  return ((await cluster.request(method, path, body)) as { "request-id": string })["request-id"];
}

/** Texts for the parameters of paths, of a job that runs. */
async function parameters(job: string, savepoint: string): Promise<Readonly<Record<string, string>>> {
  const { files } = (await cluster.get("/jars")) as { files: { id: string }[] };
  const { vertices } = (await cluster.get(`/jobs/${job}`)) as Details;
  const { taskmanagers } = (await cluster.get("/taskmanagers")) as { taskmanagers: { id: string }[] };
  const { history } = (await cluster.get(`/jobs/${job}/checkpoints`)) as {
    history: { id: number; status: string }[];
  };
  return {
    jarid: files[0]?.id ?? "",
    jobid: job,
    vertexid: vertices[0]?.id ?? "",
    subtaskindex: "0",
    attempt: "0",
    taskmanagerid: taskmanagers[0]?.id ?? "",
    checkpointid: String(history.find(({ status }) => status === "COMPLETED")?.id),
    triggerid: savepoint,
  };
}

it("tells everything about a job that runs", async () => {
  const { folder } = cluster;
  const job = await cluster.run(TOTALS, {
    args: ["--output", join(folder, "out"), "--count", "5000000"],
    parallelism: 2,
    config: {
      // The checkpoint that is asked for below is remembered.
      "execution.checkpointing.interval": "1 h",
      "execution.checkpointing.dir": join(folder, "checkpoints"),
    },
  });
  await cluster.reaches(job, "RUNNING");
  const checkpoint = await trigger(`/jobs/${job}/checkpoints`);
  expect(await completed(`/jobs/${job}/checkpoints/${checkpoint}`)).toMatchObject({ failureCause: null });
  const savepoint = await trigger(`/jobs/${job}/savepoints`, {
    "target-directory": join(folder, "savepoints"),
  });
  const { location } = await completed(`/jobs/${job}/savepoints/${savepoint}`);
  expect(location).toContain(folder);

  const { paths } = (await cluster.get("/openapi.json")) as { paths: Record<string, object> };
  const values = await parameters(job, savepoint);
  const asked = Object.entries(paths)
    .filter(([path, operations]) => "get" in operations && path !== "/jars/{jarid}/plan")
    .map(([path]) => path)
    // There was no rescale, and what is triggered is asked for by its own tests.
    .filter((path) => !/rescaleuuid|rescaling|savepoint-disposal|checkpoints\/\{triggerid\}/u.test(path));
  expect(asked.length).toBeGreaterThan(50);
  const failed: string[] = [];
  for (const path of asked) {
    const files = (await cluster.get("/jobmanager/logs")) as { logs: { name: string }[] };
    const filename = path.startsWith("/taskmanagers")
      ? `millrace-taskmanager-${values["taskmanagerid"]}.log`
      : (files.logs[0]?.name ?? "");
    const url = path.replaceAll(/\{(\w+)\}/gu, (_, name: string) => ({ ...values, filename })[name] ?? name);
    const response = await fetch(`${cluster.restUrl}${url}`);
    const text = await response.text();
    if (response.status !== 200) failed.push(`${url}: ${response.status} ${text.slice(0, 300)}`);
  }
  expect(failed, cluster.logs()).toEqual([]);

  const vertex = `/jobs/${job}/vertices/${values["vertexid"]}`;
  await cluster.until(async () => {
    const [records] = (await cluster.get(`${vertex}/subtasks/metrics?get=numRecordsIn&agg=sum`)) as {
      sum: number;
    }[];
    return (records?.sum ?? 0) > 0;
  }, "records that were counted");
  expect(await cluster.get(`${vertex}/backpressure`)).toMatchObject({ status: "ok" });
  expect(await cluster.get(`${vertex}/flamegraph`)).toMatchObject({ data: { name: "root" } });
  const scraped = await (await fetch(`${cluster.restUrl}/metrics`)).text();
  expect(scraped).toMatch(/^millrace_taskmanager_job_task_numRecordsIn\{.*subtask_index="1".*\} [1-9]/mu);
  expect(scraped).toContain("millrace_jobmanager_numRegisteredTaskManagers 2\n");

  interface Metrics {
    readonly metrics: { readonly "read-bytes": number; readonly "write-bytes": number };
  }
  await cluster.until(async () => {
    const { vertices } = (await cluster.get(`/jobs/${job}`)) as { vertices: readonly Metrics[] };
    const bytes = (name: keyof Metrics["metrics"]): number =>
      vertices.reduce((sum, { metrics }) => sum + metrics[name], 0);
    return bytes("read-bytes") > 1000 && bytes("write-bytes") > 1000;
  }, "bytes that were sent and taken");
  // Its module is loaded to find that out.
  await cluster.until(async () => {
    const { files } = (await cluster.get("/jars")) as { files: { entry: { name: string }[] }[] };
    return files[0]?.entry[0]?.name === "totals";
  }, "the name of the artifact's job");

  const disposal = await trigger("/savepoint-disposal", { "savepoint-path": location });
  expect(await completed(`/savepoint-disposal/${disposal}`)).toEqual({});
  const last = await trigger(`/jobs/${job}/savepoints`, {
    "target-directory": join(folder, "savepoints"),
    "cancel-job": true,
  });
  expect(await completed(`/jobs/${job}/savepoints/${last}`)).toMatchObject({
    location: expect.stringContaining(folder),
  });
  expect(await cluster.status(job)).toBe("CANCELED");
  expect(await cluster.get(`/jobs/${job}/execution-result`)).toMatchObject({
    "job-execution-result": { "application-status": "CANCELED" },
  });
  expect(await cluster.get("/overview")).toMatchObject({ "jobs-cancelled": 1, "jobs-running": 0 });
});
