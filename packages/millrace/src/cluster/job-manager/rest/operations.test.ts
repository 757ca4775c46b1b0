import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TriggerResponse } from "../../../protocol/rest/operations.ts";
import { JOB, SINK, SOURCE, sampleJob, START } from "./testing/sample-job.ts";
import { ARTIFACT, operation, TRIGGER } from "./testing/scripted-gateway.ts";
import { serving, type Serving } from "./testing/serving.ts";

let server: Serving;
beforeEach(async () => {
  server = await serving();
});
afterEach(async () => server[Symbol.asyncDispose]());

const triggered = async (response: Response): Promise<string> => {
  expect(response.status).toBe(202);
  return ((await response.json()) as TriggerResponse)["request-id"];
};

describe("running an artifact", () => {
  const run = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await server.send("POST", `/jars/${ARTIFACT}/run${path}`, body);
    expect(await response.json()).toHaveProperty("jobid");
    return JSON.parse(server.gateway.calls.at(-1)!.slice("run ".length));
  };

  it("takes everything from the body", async () => {
    const body = {
      entryClass: "orders",
      programArgsList: ["--top", "a,b"],
      parallelism: 3,
      jobId: "3".repeat(32),
      savepointPath: "/s",
      allowNonRestoredState: true,
      restoreMode: "CLAIM",
      flinkConfiguration: { "pipeline.name": "other" },
    };
    expect(await run("?parallelism=9&savepointPath=/other", body)).toEqual({
      artifactId: ARTIFACT,
      jobId: "3".repeat(32),
      args: { argv: ["--top", "a,b"] },
      config: { "pipeline.name": "other" },
      parallelism: 3,
      restore: { path: "/s", claimMode: "CLAIM", allowNonRestoredState: true },
    });
  });

  it("takes it from the query where there is no body", async () => {
    expect(
      await run("?parallelism=9&programArg=--top,3&savepointPath=%2Fs&allowNonRestoredState=TRUE"),
    ).toEqual({
      artifactId: ARTIFACT,
      args: { argv: ["--top", "3"] },
      config: {},
      parallelism: 9,
      restore: { path: "/s", claimMode: "NO_CLAIM", allowNonRestoredState: true },
    });
  });

  it("takes fields that are null as not given, and arguments by name", async () => {
    const nothing = {
      entryClass: null,
      programArgsList: null,
      parallelism: null,
      jobId: null,
      savepointPath: null,
      claimMode: null,
    };
    expect(await run("", nothing)).toEqual({ artifactId: ARTIFACT, args: {}, config: {} });
    expect(await run("", { args: { top: 3 } })).toEqual({
      artifactId: ARTIFACT,
      args: { values: { top: 3 } },
      config: {},
    });
  });

  it("tells the plan as Flink does, and as the command line does", async () => {
    const response = await server.send("POST", `/jars/${ARTIFACT}/plan`, { parallelism: 2 });
    expect(await response.json()).toMatchObject({
      plan: {
        name: "orders",
        type: "STREAMING",
        nodes: [{ id: SOURCE, parallelism: 1, description: "Source: orders<br/>" }],
      },
      details: { job: "orders", fingerprint: "f" },
    });
  });

  it("lists artifacts, and removes them", async () => {
    expect(await server.json("/jars")).toEqual({
      address: `http://127.0.0.1:${server.port}`,
      files: [
        {
          id: ARTIFACT,
          name: "job.mjs",
          uploaded: START,
          entry: [{ name: "orders", description: "counts orders" }],
        },
      ],
    });
    expect(await (await server.ask("DELETE", `/jars/${ARTIFACT}`)).json()).toEqual({});
    expect(server.gateway.calls).toEqual([`removeArtifact ${ARTIFACT}`]);
  });
});

describe("savepoints, stops and checkpoints", () => {
  it.each([
    ["savepoints", {}, { kind: "savepoint" }],
    ["savepoints", undefined, { kind: "savepoint" }],
    [
      "savepoints",
      { "target-directory": "/s", "cancel-job": false, formatType: "CANONICAL" },
      { kind: "savepoint", directory: "/s" },
    ],
    [
      "savepoints",
      { "target-directory": "/s", "cancel-job": true },
      { kind: "cancel with savepoint", directory: "/s" },
    ],
    ["stop", undefined, { kind: "stop", drain: false }],
    ["stop", { targetDirectory: "/s", drain: true }, { kind: "stop", directory: "/s", drain: true }],
    ["checkpoints", undefined, { kind: "checkpoint" }],
    ["checkpoints", { checkpointType: "CONFIGURED" }, { kind: "checkpoint" }],
  ])("POST %s with %j triggers %j", async (path, body, order) => {
    expect(await triggered(await server.send("POST", `/jobs/${JOB}/${path}`, body))).toBe(TRIGGER);
    const [call] = server.gateway.calls;
    expect(JSON.parse(call!.slice("trigger ".length))).toEqual(order);
  });

  it("are asked for until they are complete", async () => {
    let view = operation({ status: "IN_PROGRESS", location: undefined });
    await using other = await serving({}, { operation: () => view });
    const path = `/jobs/${JOB}/savepoints/${TRIGGER}`;
    expect(await other.json(path)).toEqual({ status: { id: "IN_PROGRESS" }, operation: null });
    view = operation();
    expect(await other.json(path)).toEqual({
      status: { id: "COMPLETED" },
      operation: { location: "/savepoints/s-1" },
    });
    const failure = {
      code: "CHECKPOINT_FAILED",
      message: "declined",
      stack: "Error: declined",
      help: "Wait.",
    };
    view = operation({ location: undefined, failure });
    expect(await other.json(path)).toEqual({
      status: { id: "COMPLETED" },
      operation: {
        "failure-cause": {
          class: "CHECKPOINT_FAILED",
          "stack-trace": "Error: declined",
          "serialized-throwable": "",
          help: "Wait.",
        },
      },
    });
  });

  it("are not taken for each other", async () => {
    let view = operation({ kind: "checkpoint", location: undefined, checkpointId: 12 });
    await using other = await serving({}, { operation: () => view });
    const path = `/jobs/${JOB}/checkpoints/${TRIGGER}`;
    expect(await other.json(path)).toEqual({
      status: { id: "COMPLETED" },
      operation: { checkpointId: 12, failureCause: null },
    });
    expect((await other.ask("GET", `/jobs/${JOB}/savepoints/${TRIGGER}`)).status).toBe(404);
    view = operation();
    expect((await other.ask("GET", path)).status).toBe(404);
  });

  it("are known by the id that a client chooses", async () => {
    const triggerId = "5".repeat(32);
    const response = await server.send("POST", `/jobs/${JOB}/stop`, { triggerId });
    expect(await triggered(response)).toBe(triggerId);
  });

  it("are disposed of", async () => {
    const response = await server.send("POST", "/savepoint-disposal", { "savepoint-path": "/s" });
    expect(await triggered(response)).toBe(TRIGGER);
    expect(server.gateway.calls).toEqual(["dispose /s"]);
    expect(await server.json(`/savepoint-disposal/${TRIGGER}`)).toEqual({
      status: { id: "COMPLETED" },
      operation: {},
    });
  });
});

describe("parallelism", () => {
  it("is bounded by vertex", async () => {
    const path = `/jobs/${JOB}/resource-requirements`;
    expect(await server.json(path)).toEqual({
      [SOURCE]: { parallelism: { lowerBound: 1, upperBound: 4 } },
      [SINK]: { parallelism: { lowerBound: 1, upperBound: 1 } },
    });
    const response = await server.send("PUT", path, {
      [SOURCE]: { parallelism: { lowerBound: 2, upperBound: 5 } },
    });
    expect([response.status, await response.json()]).toEqual([200, {}]);
    expect(server.gateway.calls.at(-1)).toBe(`setRequirements {"${SOURCE}":{"lower":2,"upper":5}}`);
  });

  it("is changed as a whole, and asked for until all vertices have it or can't", async () => {
    let job = sampleJob;
    await using other = await serving({}, { job: async () => job });
    const begin = (): Promise<Response> => other.send("PATCH", `/jobs/${JOB}/rescaling?parallelism=300`);
    const id = await triggered(await begin());
    expect(other.gateway.calls).toEqual([
      `setRequirements {"${SOURCE}":{"lower":1,"upper":128},"${SINK}":{"lower":1,"upper":128}}`,
    ]);
    const path = `/jobs/${JOB}/rescaling/${id}`;
    expect(await other.json(path)).toEqual({ status: { id: "IN_PROGRESS" }, operation: null });
    job = { ...sampleJob, vertices: sampleJob.vertices.map((vertex) => ({ ...vertex, parallelism: 128 })) };
    expect(await other.json(path)).toEqual({ status: { id: "COMPLETED" }, operation: {} });

    const second = `/jobs/${JOB}/rescaling/${await triggered(await begin())}`;
    job = {
      ...sampleJob,
      rescales: [
        { ...sampleJob.rescales[0]!, startedAt: START + 20_000, status: "FAILED", failure: "no checkpoint" },
      ],
    };
    expect(await other.json(second)).toMatchObject({
      operation: { "failure-cause": { "stack-trace": "no checkpoint" } },
    });
    // As far as there were slots.
    const partly = { status: "COMPLETED" as const, unmet: "4 slots are needed" };
    job = {
      ...sampleJob,
      rescales: [{ ...sampleJob.rescales[0]!, startedAt: START + 20_000, ...partly }],
    };
    expect(await other.json(second)).toMatchObject({
      status: { id: "COMPLETED" },
      operation: { "failure-cause": { class: "NO_SLOTS", "stack-trace": "4 slots are needed" } },
    });
    // A source that only runs as one subtask is at its highest.
    job = {
      ...sampleJob,
      vertices: sampleJob.vertices.map((vertex, index) => ({
        ...vertex,
        parallelism: index === 0 ? 1 : 128,
        limit: index === 0 ? 1 : undefined,
      })),
    };
    expect(await other.json(second)).toEqual({ status: { id: "COMPLETED" }, operation: {} });
    job = { ...sampleJob, status: "CANCELED" };
    expect(await other.json(second)).toMatchObject({ operation: { "failure-cause": { class: "CONFLICT" } } });
  });
});

it("cancels a job, by whatever case of the word", async () => {
  for (const query of ["", "?mode=cancel", "?mode=CANCEL"]) {
    const response = await server.ask("PATCH", `/jobs/${JOB}${query}`);
    expect([response.status, await response.json()]).toEqual([202, {}]);
  }
  expect(server.gateway.calls).toEqual([`cancel ${JOB}`, `cancel ${JOB}`, `cancel ${JOB}`]);
});

it("ends the cluster after it has answered", async () => {
  const ended = Promise.withResolvers<void>();
  await using other = await serving({}, { shutDown: async () => ended.resolve() });
  const response = await other.ask("DELETE", "/cluster");
  expect([response.status, await response.json()]).toEqual([200, {}]);
  await ended.promise;
});
