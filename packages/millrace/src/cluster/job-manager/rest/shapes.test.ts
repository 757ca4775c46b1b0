import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JOB, SINK, SOURCE } from "./testing/sample-job.ts";
import { ARTIFACT, LOG, TRIGGER } from "./testing/scripted-gateway.ts";
import { serving, type Serving } from "./testing/serving.ts";

const vertex = `/jobs/${JOB}/vertices/${SOURCE}`;

/** A request to every route that answers, by the route: none may be missing. */
export const REQUESTS: Readonly<Record<string, string>> = {
  "GET /overview": "/overview",
};

let server: Serving;
beforeAll(async () => {
  server = await serving();
});
afterAll(async () => server[Symbol.asyncDispose]());

describe("answers", () => {
  it.each([
    "/overview",
    "/config",
    "/jars",
    `/jars/${ARTIFACT}/plan`,
    "/jobmanager/config",
    "/jobmanager/environment",
    "/jobmanager/logs",
    "/jobmanager/metrics",
    "/jobmanager/thread-dump",
    "/jobs",
    "/jobs/overview",
    "/jobs/metrics?get=numRestarts",
    `/jobs/${JOB}`,
    `/jobs/${JOB}/config`,
    `/jobs/${JOB}/exceptions`,
    `/jobs/${JOB}/metrics?get=uptime,numRestarts`,
    `/jobs/${JOB}/plan`,
    `/jobs/${JOB}/status`,
    `/jobs/${JOB}/accumulators`,
    `/jobs/${JOB}/execution-result`,
    `/jobs/${JOB}/resource-requirements`,
    `/jobs/${JOB}/rescales/overview`,
    `/jobs/${JOB}/rescales/history`,
    `/jobs/${JOB}/rescales/summary`,
    `/jobs/${JOB}/rescales/details/${"d".repeat(32)}`,
    `/jobs/${JOB}/savepoints/${TRIGGER}`,
    `/jobs/${JOB}/checkpoints`,
    `/jobs/${JOB}/checkpoints/config`,
    `/jobs/${JOB}/checkpoints/details/7`,
    `/jobs/${JOB}/checkpoints/details/7/subtasks/${SOURCE}`,
    `/jobs/${JOB}/checkpoints/details/7/subtasks/${SINK}`,
    `/savepoint-disposal/${TRIGGER}`,
    vertex,
    `${vertex}/accumulators`,
    `${vertex}/backpressure`,
    `${vertex}/flamegraph`,
    `${vertex}/metrics`,
    `${vertex}/watermarks`,
    `${vertex}/subtasktimes`,
    `${vertex}/taskmanagers`,
    `${vertex}/subtasks/accumulators`,
    `${vertex}/subtasks/metrics?get=numRecordsIn`,
    `${vertex}/subtasks/0`,
    `${vertex}/subtasks/0/metrics`,
    `${vertex}/subtasks/0/attempts/0`,
    `${vertex}/subtasks/0/attempts/0/accumulators`,
    "/taskmanagers",
    "/taskmanagers/tm-1",
    "/taskmanagers/tm-1/logs",
    "/taskmanagers/tm-1/metrics?get=Status.JVM.CPU.Load",
    "/taskmanagers/tm-1/thread-dump",
    "/taskmanagers/metrics",
    "/openapi.json",
    "/metrics",
    "/jobmanager/log",
    "/jobmanager/stdout",
    `/jobmanager/logs/${LOG}`,
    "/taskmanagers/tm-1/log",
    "/taskmanagers/tm-1/stdout",
    `/taskmanagers/tm-1/logs/${LOG}`,
  ])("GET %s", async (path) => {
    const response = await server.ask("GET", path);
    const text = await response.text();
    expect(response.status, text + server.logged.join("\n")).toBe(200);
  });
});
