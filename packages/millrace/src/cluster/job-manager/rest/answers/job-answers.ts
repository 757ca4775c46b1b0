import { EXECUTION_STATES } from "../../../../graph/execution/execution-state.ts";
import { JOB_STATUSES } from "../../../../graph/execution/job-status.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import type { JobSummaryView, JobView, VertexView } from "../../../../protocol/cluster/job-view.ts";
import type {
  JobConfig,
  JobDetails,
  JobExceptions,
  JobResult,
  JobsOverview,
} from "../../../../protocol/rest/jobs.ts";
import { ioMetrics } from "./io-metrics.ts";
import { jobPlan, slotSharingGroupId } from "./plan.ts";
import { serializedFailure } from "./operation-answers.ts";
import { NEVER, span, spanOf, stateCounts, vertexState } from "./times.ts";

type JobOverview = JobsOverview["jobs"][number];

/** A job in the list of all. */
export function jobOverview(job: JobSummaryView, now: number): JobOverview {
  const tasks = EXECUTION_STATES.map((state) => [state.toLowerCase(), job.tasks[state] ?? 0] as const);
  return {
    jid: job.jobId,
    name: job.name,
    jobType: "STREAMING",
    schedulerType: "Adaptive",
    ...span(job.startedAt, job.endedAt, now),
    state: job.status,
    "last-modification": Math.max(job.startedAt, ...Object.values(job.timestamps)),
    tasks: { total: tasks.reduce((sum, [, count]) => sum + count, 0), ...Object.fromEntries(tasks) },
    "pending-operators": 0,
  };
}

/** A job as a whole. */
export function jobDetails(job: JobView, now: number): JobDetails {
  const { jobId, name, status, startedAt, endedAt, maxParallelism, timestamps, vertices } = job;
  const current = vertices.flatMap(({ subtasks }) => subtasks.map((subtask) => subtask.current));
  return {
    jid: jobId,
    name,
    isStoppable: status === "RUNNING",
    "job-type": "STREAMING",
    schedulerType: "Adaptive",
    state: status,
    ...span(startedAt, endedAt, now),
    maxParallelism,
    now,
    timestamps: Object.fromEntries(JOB_STATUSES.map((each) => [each, timestamps[each] ?? 0])),
    vertices: vertices.map((vertex) => jobVertex(vertex, now)),
    "status-counts": stateCounts(current),
    plan: jobPlan(job),
    "stream-graph": {},
    "pending-operators": 0,
    restarts: job.restarts,
    waiting: job.waiting ?? null,
  };
}

function jobVertex(vertex: VertexView, now: number): JobDetails["vertices"][number] {
  const attempts = vertex.subtasks.map(({ current }) => current);
  return {
    id: vertex.id,
    slotSharingGroupId: slotSharingGroupId(vertex.slotSharingGroup),
    name: vertex.name,
    maxParallelism: vertex.maxParallelism,
    parallelism: vertex.parallelism,
    status: vertexState(attempts),
    ...spanOf(attempts, now),
    tasks: stateCounts(attempts),
    metrics: ioMetrics(attempts),
  };
}

/** A job's settings. */
export const jobConfig = ({ jobId, name, config, vertices }: JobView): JobConfig => ({
  jid: jobId,
  name,
  "execution-config": {
    "restart-strategy": config["restart-strategy.type"] ?? "default",
    "job-parallelism": Number(
      config["parallelism.default"] ?? Math.max(1, ...vertices.map(({ parallelism }) => parallelism)),
    ),
    "object-reuse-mode": true,
    "user-config": { ...config },
  },
});

/** What is asked of a job's exceptions. */
export interface ExceptionQuery {
  /** How many at most. */
  readonly max: number;
  /** `<label>:<value>`, all of which must hold. */
  readonly labels: readonly string[];
}

/** What has failed, with the error's code as its label. */
export function jobExceptions({ exceptions }: JobView, { max, labels }: ExceptionQuery): JobExceptions {
  const found = exceptions
    .map(({ at, code, stack, message, help, task, endpoint, taskManagerId }) => ({
      exceptionName: code,
      stacktrace: stack === "" ? message : stack,
      ...(help === undefined ? {} : { help }),
      timestamp: at,
      failureLabels: { code } as Record<string, string>,
      taskName: task ?? null,
      endpoint: endpoint ?? null,
      taskManagerId: taskManagerId ?? null,
      concurrentExceptions: [],
    }))
    .filter(({ failureLabels }) =>
      labels.every((label) => {
        const at = label.indexOf(":");
        return failureLabels[label.slice(0, at)] === label.slice(at + 1);
      }),
    );
  return { exceptionHistory: { entries: found.slice(0, max), truncated: found.length > max } };
}

const RESULTS = { FINISHED: "SUCCEEDED", CANCELED: "CANCELED", FAILED: "FAILED" } as const;

/** Whether a job has come to its end for good. */
export const isOver = (status: JobStatus): status is keyof typeof RESULTS => Object.hasOwn(RESULTS, status);

/** How a job has ended. */
export function jobResult({ jobId, status, startedAt, endedAt, exceptions }: JobView): JobResult {
  if (!isOver(status)) return { status: { id: "IN_PROGRESS" }, "job-execution-result": null };
  const [cause] = exceptions;
  return {
    status: { id: "COMPLETED" },
    "job-execution-result": {
      id: jobId,
      "application-status": RESULTS[status],
      "accumulator-results": {},
      "net-runtime": endedAt === undefined ? NEVER : Math.max(0, endedAt - startedAt),
      "failure-cause": status === "FAILED" && cause !== undefined ? serializedFailure(cause) : null,
    },
  };
}
