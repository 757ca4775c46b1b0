import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrometheusText } from "./metrics/prometheus-text.ts";
import { aggregateMetrics } from "./metrics/select-metrics.ts";
import { JOB, SOURCE } from "./testing/sample-job.ts";
import { serving, type Serving } from "./testing/serving.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";

let server: Serving;
beforeAll(async () => {
  server = await serving();
});
afterAll(async () => server[Symbol.asyncDispose]());

const vertex = `/jobs/${JOB}/vertices/${SOURCE}`;

describe("metrics as JSON", () => {
  it("are names without get, and values with it", async () => {
    expect(await server.json(`/jobs/${JOB}/metrics`)).toContainEqual({ id: "numRestarts" });
    expect(
      await server.json(`/jobs/${JOB}/metrics?get=uptime,numRestarts,unheard,lastCheckpointExternalPath`),
    ).toEqual([
      { id: "uptime", value: "10000" },
      { id: "numRestarts", value: "1" },
      { id: "lastCheckpointExternalPath", value: "/checkpoints/chk-7" },
    ]);
    expect(await server.json(`/jobs/${JOB}/metrics?get=__proto__,constructor`)).toEqual([]);
    expect(await server.json(`${vertex}/metrics?get=1.numRecordsIn&get=0.busyTimeMsPerSecond`)).toEqual([
      { id: "1.numRecordsIn", value: "300" },
      { id: "0.busyTimeMsPerSecond", value: "250.5" },
    ]);
    expect(await server.json("/jobmanager/metrics?get=taskSlotsTotal,Status.JVM.Memory.Heap.Used")).toEqual([
      { id: "taskSlotsTotal", value: "4" },
      { id: "Status.JVM.Memory.Heap.Used", value: "123" },
    ]);
  });

  it("are aggregated as is asked, over the subtasks that are asked for", async () => {
    const path = `${vertex}/subtasks/metrics`;
    expect(await server.json(`${path}?get=numRecordsIn`)).toEqual([
      { id: "numRecordsIn", min: 100, max: 300, avg: 200, sum: 400, skew: 50 },
    ]);
    expect(await server.json(`${path}?get=numRecordsIn&agg=MAX,sum`)).toEqual([
      { id: "numRecordsIn", max: 300, sum: 400 },
    ]);
    expect(await server.json(`${path}?get=numRecordsIn&agg=sum&subtasks=1-3`)).toEqual([
      { id: "numRecordsIn", sum: 300 },
    ]);
    // Watermarks of minus infinity are no numbers to add.
    expect(await server.json(`${path}?get=currentInputWatermark&agg=min`)).toEqual([
      { id: "currentInputWatermark", min: 42 },
    ]);
    expect(await server.json("/jobs/metrics?get=numRestarts&agg=sum")).toEqual([
      { id: "numRestarts", sum: 1 },
    ]);
    expect(await server.json("/taskmanagers/metrics?get=Status.Network.Frames&agg=avg")).toEqual([
      { id: "Status.Network.Frames", avg: 12 },
    ]);
  });

  it("have no skew where all are zero, and never more than 100", () => {
    const skew = (...values: number[]): unknown =>
      aggregateMetrics(
        values.map((n) => ({ n })),
        ["n"],
        ["skew"],
      )[0]?.skew;
    expect(skew(0, 0)).toBe(0);
    expect(skew(5, 5)).toBe(0);
    expect(skew(0, 0, 0, 100)).toBe(100);
  });
});

describe("metrics for Prometheus", () => {
  it("have Flink's names and labels, with escapes, each family once", async () => {
    const response = await server.ask("GET", "/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const lines = (await response.text()).split("\n");
    expect(lines).toContain("# TYPE millrace_jobmanager_numRegisteredTaskManagers gauge");
    expect(lines).toContain("millrace_jobmanager_numRegisteredTaskManagers 1");
    expect(lines).toContain(`millrace_jobmanager_job_numRestarts{job_id="${JOB}",job_name="orders <b>"} 1`);
    expect(lines).toContain('millrace_taskmanager_Status_JVM_CPU_Load{host="10.0.0.1",tm_id="tm-1"} 0.5');
    expect(lines).toContain("# TYPE millrace_taskmanager_job_task_numRecordsIn counter");
    expect(lines).toContain(
      `millrace_taskmanager_job_task_numRecordsIn{job_id="${JOB}",job_name="orders <b>",task_id="${SOURCE}",task_name="Source: orders -> <parse>",subtask_index="1",task_attempt_num="1",host="10.0.0.2",tm_id="tm-2"} 300`,
    );
    expect(lines.find((line) => line.startsWith("millrace_taskmanager_job_task_operator_seen"))).toMatch(
      /operator_name="parse \\"it\\"\\n"\} 7$/u,
    );
    expect(lines).toContain("# TYPE millrace_taskmanager_job_task_busyTimeMsPerSecond gauge");
    const sample =
      /^[a-zA-Z_][a-zA-Z0-9_]*(\{[a-z_]+="(?:[^"\\]|\\["\\n])*"(,[a-z_]+="(?:[^"\\]|\\["\\n])*")*\})? \S+$/u;
    const samples = lines.filter((line) => line !== "" && !line.startsWith("#"));
    for (const line of samples) expect(line).toMatch(sample);
    const types = lines.filter((line) => line.startsWith("#"));
    expect(new Set(types).size).toBe(types.length);
  });

  it("leave out a TaskManager's own where it doesn't answer", async () => {
    await using mute = await serving(
      {},
      { taskManagerMetrics: async () => Promise.reject(new MillraceError("CONNECTION_LOST", "gone")) },
    );
    const text = await (await mute.ask("GET", "/metrics")).text();
    expect(text).toContain("millrace_taskmanager_Status_JVM_Memory_Heap_Used");
    expect(text).not.toContain("millrace_taskmanager_Status_Network_Frames");
    expect(await mute.json("/taskmanagers/metrics?get=Status.Network.Frames")).toEqual([]);
    expect((await mute.ask("GET", "/taskmanagers/tm-1/metrics")).status).toBe(503);
  });

  it("write booleans as numbers, and no texts", () => {
    const text = new PrometheusText();
    text.add("x", "a.b-c", { "l-1": 'back\\slash "quoted"\nline' }, true);
    text.add("x", "text", {}, "no metric");
    text.add("x", "odd", {}, Number.NaN);
    text.add("x", "odd", {}, Infinity);
    text.add("x", "numRecordsInPerSecond", {}, 1);
    text.add("x", "numRecordsSkipped", {}, 2);
    expect(String(text)).toBe(
      '# TYPE millrace_x_a_b_c gauge\nmillrace_x_a_b_c{l_1="back\\\\slash \\"quoted\\"\\nline"} 1\n# TYPE millrace_x_odd gauge\nmillrace_x_odd NaN\nmillrace_x_odd 9.223372036854776e18\n# TYPE millrace_x_numRecordsInPerSecond gauge\nmillrace_x_numRecordsInPerSecond 1\n# TYPE millrace_x_numRecordsSkipped counter\nmillrace_x_numRecordsSkipped 2\n',
    );
  });
});
