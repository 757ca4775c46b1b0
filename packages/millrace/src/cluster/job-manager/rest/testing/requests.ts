import { JOB, SOURCE } from "./sample-job.ts";
import { ARTIFACT, LOG, TRIGGER } from "./scripted-gateway.ts";

/** A request that a route answers with success. */
export interface SampleRequest {
  readonly path: string;
  readonly body?: unknown;
  /** Default 200. */
  readonly status?: number;
}

const vertex = `/jobs/${JOB}/vertices/${SOURCE}`;
const request = (path: string, body?: unknown, status = 200): SampleRequest => ({ path, body, status });

/** One for each route, by the route. */
export const REQUESTS: Readonly<Record<string, SampleRequest>> = {
  "GET /config": request("/config"),
  "DELETE /cluster": request("/cluster"),
  "GET /jars": request("/jars"),
  "DELETE /jars/:jarid": request(`/jars/${ARTIFACT}`),
  "GET /jars/:jarid/plan": request(`/jars/${ARTIFACT}/plan?programArg=--top,3&parallelism=2`),
  "POST /jars/:jarid/plan": request(`/jars/${ARTIFACT}/plan`, { programArgsList: ["--top", "3"] }),
  "POST /jars/:jarid/run": request(`/jars/${ARTIFACT}/run`, { parallelism: 2 }),
  "GET /jobmanager/config": request("/jobmanager/config"),
  "GET /jobmanager/environment": request("/jobmanager/environment"),
  "GET /jobmanager/log": request("/jobmanager/log"),
  "GET /jobmanager/logs": request("/jobmanager/logs"),
  "GET /jobmanager/logs/:filename": request(`/jobmanager/logs/${LOG}`),
  "GET /jobmanager/metrics": request("/jobmanager/metrics?get=taskSlotsTotal"),
  "GET /jobmanager/stdout": request("/jobmanager/stdout"),
  "GET /jobmanager/thread-dump": request("/jobmanager/thread-dump"),
  "GET /jobs": request("/jobs"),
  "GET /jobs/:jobid": request(`/jobs/${JOB}`),
  "PATCH /jobs/:jobid": request(`/jobs/${JOB}?mode=cancel`, undefined, 202),
  "GET /jobs/:jobid/accumulators": request(`/jobs/${JOB}/accumulators?includeSerializedValue=true`),
  "GET /jobs/:jobid/checkpoints": request(`/jobs/${JOB}/checkpoints`),
  "POST /jobs/:jobid/checkpoints": request(`/jobs/${JOB}/checkpoints`, {}, 202),
  "GET /jobs/:jobid/checkpoints/config": request(`/jobs/${JOB}/checkpoints/config`),
  "GET /jobs/:jobid/checkpoints/details/:checkpointid": request(`/jobs/${JOB}/checkpoints/details/7`),
  "GET /jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid": request(
    `/jobs/${JOB}/checkpoints/details/7/subtasks/${SOURCE}`,
  ),
  "GET /jobs/:jobid/config": request(`/jobs/${JOB}/config`),
  "GET /jobs/:jobid/exceptions": request(`/jobs/${JOB}/exceptions?maxExceptions=1`),
  "GET /jobs/:jobid/execution-result": request(`/jobs/${JOB}/execution-result`),
  "GET /jobs/:jobid/metrics": request(`/jobs/${JOB}/metrics?get=uptime`),
  "GET /jobs/:jobid/plan": request(`/jobs/${JOB}/plan`),
  "GET /jobs/:jobid/rescales/details/:rescaleuuid": request(
    `/jobs/${JOB}/rescales/details/${"d".repeat(32)}`,
  ),
  "GET /jobs/:jobid/rescales/history": request(`/jobs/${JOB}/rescales/history`),
  "GET /jobs/:jobid/rescales/overview": request(`/jobs/${JOB}/rescales/overview`),
  "GET /jobs/:jobid/rescales/summary": request(`/jobs/${JOB}/rescales/summary`),
  "PATCH /jobs/:jobid/rescaling": request(`/jobs/${JOB}/rescaling?parallelism=3`, undefined, 202),
  "GET /jobs/:jobid/resource-requirements": request(`/jobs/${JOB}/resource-requirements`),
  "PUT /jobs/:jobid/resource-requirements": request(`/jobs/${JOB}/resource-requirements`, {
    [SOURCE]: { parallelism: { lowerBound: 1, upperBound: 3 } },
  }),
  "POST /jobs/:jobid/savepoints": request(`/jobs/${JOB}/savepoints`, { "target-directory": "/s" }, 202),
  "GET /jobs/:jobid/savepoints/:triggerid": request(`/jobs/${JOB}/savepoints/${TRIGGER}`),
  "GET /jobs/:jobid/status": request(`/jobs/${JOB}/status`),
  "POST /jobs/:jobid/stop": request(`/jobs/${JOB}/stop`, { drain: true }, 202),
  "GET /jobs/:jobid/vertices/:vertexid": request(vertex),
  "GET /jobs/:jobid/vertices/:vertexid/accumulators": request(`${vertex}/accumulators`),
  "GET /jobs/:jobid/vertices/:vertexid/backpressure": request(`${vertex}/backpressure`),
  "GET /jobs/:jobid/vertices/:vertexid/flamegraph": request(
    `${vertex}/flamegraph?type=off_cpu&subtaskindex=0`,
  ),
  "GET /jobs/:jobid/vertices/:vertexid/metrics": request(`${vertex}/metrics?get=0.numRecordsIn`),
  "GET /jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex": request(`${vertex}/subtasks/1`),
  "GET /jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/attempts/:attempt": request(
    `${vertex}/subtasks/0/attempts/0`,
  ),
  "GET /jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/attempts/:attempt/accumulators": request(
    `${vertex}/subtasks/0/attempts/1/accumulators`,
  ),
  "GET /jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/metrics": request(
    `${vertex}/subtasks/0/metrics`,
  ),
  "GET /jobs/:jobid/vertices/:vertexid/subtasks/accumulators": request(`${vertex}/subtasks/accumulators`),
  "GET /jobs/:jobid/vertices/:vertexid/subtasks/metrics": request(
    `${vertex}/subtasks/metrics?get=numRecordsIn`,
  ),
  "GET /jobs/:jobid/vertices/:vertexid/subtasktimes": request(`${vertex}/subtasktimes`),
  "GET /jobs/:jobid/vertices/:vertexid/taskmanagers": request(`${vertex}/taskmanagers`),
  "GET /jobs/:jobid/vertices/:vertexid/watermarks": request(`${vertex}/watermarks`),
  "GET /jobs/metrics": request(`/jobs/metrics?get=numRestarts&agg=max&jobs=${JOB}`),
  "GET /jobs/overview": request("/jobs/overview"),
  "GET /metrics": request("/metrics"),
  "GET /openapi.json": request("/openapi.json"),
  "GET /overview": request("/overview"),
  "POST /savepoint-disposal": request("/savepoint-disposal", { "savepoint-path": "/savepoints/s-1" }, 202),
  "GET /savepoint-disposal/:triggerid": request(`/savepoint-disposal/${TRIGGER}`),
  "GET /taskmanagers": request("/taskmanagers"),
  "GET /taskmanagers/:taskmanagerid": request("/taskmanagers/tm-1"),
  "GET /taskmanagers/:taskmanagerid/log": request("/taskmanagers/tm-1/log"),
  "GET /taskmanagers/:taskmanagerid/logs": request("/taskmanagers/tm-1/logs"),
  "GET /taskmanagers/:taskmanagerid/logs/:filename": request(`/taskmanagers/tm-1/logs/${LOG}`),
  "GET /taskmanagers/:taskmanagerid/metrics": request("/taskmanagers/tm-1/metrics"),
  "GET /taskmanagers/:taskmanagerid/stdout": request("/taskmanagers/tm-1/stdout"),
  "GET /taskmanagers/:taskmanagerid/thread-dump": request("/taskmanagers/tm-1/thread-dump"),
  "GET /taskmanagers/metrics": request("/taskmanagers/metrics?taskmanagers=tm-1"),
};

/** Routes that answer otherwise, and have tests of their own. */
export const OTHERS = [
  "POST /jars/upload",
  "POST /jobs",
  "GET /jobs/:jobid/checkpoints/:triggerid",
  "GET /jobs/:jobid/rescaling/:triggerid",
];
