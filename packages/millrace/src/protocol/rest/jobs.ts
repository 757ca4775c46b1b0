import { Type, type Static } from "typebox";
import { IoMetrics, UserAccumulators } from "./io-metrics.ts";
import { SerializedFailure, QueueStatus } from "./operations.ts";
import { Plan } from "./plan.ts";
import {
  Counts,
  ExecutionStateName,
  HexId,
  Integer,
  JobStatusName,
  named,
  nullable,
  Texts,
  words,
} from "./schema-parts.ts";

const JobType = words(["BATCH", "STREAMING"]);
const SchedulerType = words(["Default", "Adaptive", "AdaptiveBatch"]);

/** `GET /jobs`. */
export const JobIds = named("JobIds", {
  jobs: Type.Array(named("JobIdWithStatus", { id: HexId, status: JobStatusName })),
});
export type JobIds = Static<typeof JobIds>;

/** `GET /jobs/overview`. `tasks` counts subtasks by state, in lower case, and in all as `total`. */
export const JobsOverview = named("JobsOverview", {
  jobs: Type.Array(
    named("JobOverview", {
      jid: HexId,
      name: Type.String(),
      jobType: JobType,
      schedulerType: SchedulerType,
      "start-time": Integer,
      "end-time": Integer,
      duration: Integer,
      state: JobStatusName,
      "last-modification": Integer,
      tasks: Counts,
      "pending-operators": Integer,
    }),
  ),
});
export type JobsOverview = Static<typeof JobsOverview>;

/** `GET /jobs/:id`. */
export const JobDetails = named("JobDetails", {
  jid: HexId,
  name: Type.String(),
  isStoppable: Type.Boolean(),
  "job-type": JobType,
  schedulerType: SchedulerType,
  state: JobStatusName,
  "start-time": Integer,
  "end-time": Integer,
  duration: Integer,
  maxParallelism: Integer,
  now: Integer,
  timestamps: Counts,
  vertices: Type.Array(
    named("JobVertex", {
      id: Type.String(),
      slotSharingGroupId: Type.String(),
      name: Type.String(),
      maxParallelism: Integer,
      parallelism: Integer,
      status: ExecutionStateName,
      "start-time": Integer,
      "end-time": Integer,
      duration: Integer,
      tasks: Counts,
      metrics: IoMetrics,
    }),
  ),
  "status-counts": Counts,
  plan: Plan,
  "stream-graph": named("StreamGraph", {}),
  "pending-operators": Integer,
  restarts: Type.Integer({ description: "how often the job, or a part of it, was started again" }),
  waiting: nullable(Type.String({ description: "what the job waits for, in words" })),
});
export type JobDetails = Static<typeof JobDetails>;

/** `GET /jobs/:id/status`. */
export const JobStatusInfo = named("JobStatusInfo", { status: JobStatusName });
export type JobStatusInfo = Static<typeof JobStatusInfo>;

/** `GET /jobs/:id/config`. Settings as text, secrets redacted. */
export const JobConfig = named("JobConfig", {
  jid: HexId,
  name: Type.String(),
  "execution-config": named("ExecutionConfig", {
    "restart-strategy": Type.String(),
    "job-parallelism": Integer,
    "object-reuse-mode": Type.Boolean(),
    "user-config": Texts,
  }),
});
export type JobConfig = Static<typeof JobConfig>;

const exception = {
  exceptionName: Type.String({ description: "the error's code" }),
  stacktrace: Type.String(),
  help: Type.Optional(Type.String({ description: "what to do about it" })),
  timestamp: Integer,
  failureLabels: Texts,
  taskName: nullable(Type.String()),
  endpoint: nullable(Type.String()),
  taskManagerId: nullable(Type.String()),
};

/** `GET /jobs/:id/exceptions`. The newest first. */
export const JobExceptions = named("JobExceptions", {
  exceptionHistory: named("ExceptionHistory", {
    entries: Type.Array(
      named("RootException", {
        ...exception,
        concurrentExceptions: Type.Array(named("ConcurrentException", exception)),
      }),
    ),
    truncated: Type.Boolean(),
  }),
});
export type JobExceptions = Static<typeof JobExceptions>;

/** `GET /jobs/:id/accumulators`. */
export const JobAccumulators = named("JobAccumulators", {
  "job-accumulators": Type.Array(named("JobAccumulator", {})),
  "user-task-accumulators": UserAccumulators,
  "serialized-user-task-accumulators": Texts,
});
export type JobAccumulators = Static<typeof JobAccumulators>;

/** `GET /jobs/:id/execution-result`. IN_PROGRESS until the job has ended. */
export const JobResult = named("JobResult", {
  status: QueueStatus,
  "job-execution-result": nullable(
    named("JobExecutionResult", {
      id: HexId,
      "application-status": words(["SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"]),
      "accumulator-results": Texts,
      "net-runtime": Integer,
      "failure-cause": nullable(SerializedFailure),
    }),
  ),
});
export type JobResult = Static<typeof JobResult>;

/** `GET` and `PUT /jobs/:id/resource-requirements`: bounds of parallelism by vertex. */
export const Requirements = Type.Record(
  Type.String({ minLength: 1, maxLength: 200 }),
  named("VertexRequirements", {
    parallelism: named("ParallelismBounds", {
      lowerBound: Type.Integer({ minimum: 1, maximum: 32_768 }),
      upperBound: Type.Integer({ minimum: 1, maximum: 32_768 }),
    }),
  }),
  { title: "ResourceRequirements" },
);
export type Requirements = Static<typeof Requirements>;
