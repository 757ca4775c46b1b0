import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { preview } from "../../../../common/errors/preview.ts";
import { describeSettings } from "../../../../common/config/secret-settings.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import { EXECUTION_TRANSITIONS, type ExecutionState } from "../../../../graph/execution/execution-state.ts";
import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import type { JobSubmission } from "../../../../protocol/cluster/job-submission.ts";
import type { JobMishaps } from "../../../../protocol/cluster/job-history.ts";
import type { ExceptionView, JobSummaryView, JobView } from "../../../../protocol/cluster/job-view.ts";
import type { ErrorEnvelope } from "../../../../protocol/control/error-envelope.ts";

/**
 * What the thread of a job tells of it; only so much is looked at as is used here.
 *
 * @throws PROTOCOL_VIOLATION for what can't be a view
 */
export function asView(value: unknown): JobView {
  const view = value as Partial<JobView> | undefined;
  if (typeof view?.timestamps === "object" && Array.isArray(view.vertices) && Array.isArray(view.exceptions))
    return view as JobView;
  throw new MillraceError("PROTOCOL_VIOLATION", `expected the view of a job, got ${preview(value)}`);
}

/** What a list shows of a job. */
export function summaryOf(view: JobView): JobSummaryView {
  const { jobId, name, status, startedAt, endedAt, timestamps, restarts } = view;
  const states = Object.keys(EXECUTION_TRANSITIONS) as ExecutionState[];
  const tasks = Object.fromEntries(states.map((state) => [state, 0])) as Record<ExecutionState, number>;
  for (const { subtasks } of view.vertices) for (const { current } of subtasks) tasks[current.state]++;
  return { jobId, name, status, startedAt, endedAt, timestamps, restarts, tasks };
}

/** A job of which its thread has told nothing yet. */
export function bareView({ jobId, submittedAt, config }: JobSubmission, name: string): JobView {
  return { ...emptyView(jobId, name, submittedAt), config: describeSettings(config, []) };
}

/** A job of which nothing is known but that it began. @param startedAt ms since the epoch */
export function emptyView(jobId: JobId, name: string, startedAt: number): JobView {
  return {
    jobId,
    name,
    status: "INITIALIZING",
    timestamps: { INITIALIZING: startedAt },
    startedAt,
    endedAt: undefined,
    maxParallelism: -1,
    restarts: 0,
    waiting: undefined,
    vertices: [],
    edges: [],
    exceptions: [],
    checkpoints: {
      counts: { restored: 0, total: 0, inProgress: 0, completed: 0, failed: 0 },
      history: [],
      restored: undefined,
    },
    rescales: [],
    config: {},
    requirements: {},
  };
}

/** What failed a job as a whole. @param at ms since the epoch */
export const exceptionOf = (error: ErrorEnvelope, at: number): ExceptionView => ({
  at,
  code: error.code ?? "INTERNAL",
  message: error.message,
  stack: error.stack ?? error.message,
  help: error.help,
  task: undefined,
  taskManagerId: undefined,
  endpoint: undefined,
});

/** What a thread tells of a job's mishaps. @throws PROTOCOL_VIOLATION for what can't be that */
export function asMishaps(value: unknown): JobMishaps {
  const mishaps = value as Partial<JobMishaps> | undefined;
  const { restarts, failures, exceptions } = mishaps ?? {};
  if (Number.isInteger(restarts) && Array.isArray(failures?.failures) && Array.isArray(exceptions))
    return mishaps as JobMishaps;
  throw new MillraceError(
    "PROTOCOL_VIOLATION",
    `expected what a job has been through, got ${preview(value)}`,
  );
}

/** A job whose thread is gone, with what it has been through: nothing of it runs. @param at ms since the epoch */
export function threadlessView(view: JobView, { restarts, exceptions }: JobMishaps, at: number): JobView {
  return {
    ...view,
    status: "RESTARTING",
    timestamps: { ...view.timestamps, RESTARTING: at },
    restarts,
    exceptions,
    waiting: undefined,
    vertices: view.vertices.map((vertex) => ({
      ...vertex,
      subtasks: vertex.subtasks.map((subtask) => ({
        ...subtask,
        current:
          EXECUTION_TRANSITIONS[subtask.current.state].length === 0
            ? subtask.current
            : { ...subtask.current, state: "CANCELED" as const },
      })),
    })),
  };
}

/** The end of a job whose thread did not live to tell of it. */
export function endedView(
  view: JobView,
  status: JobStatus,
  at: number,
  error: ErrorEnvelope | undefined,
): JobView {
  return {
    ...view,
    status,
    timestamps: { ...view.timestamps, [status]: at },
    endedAt: at,
    waiting: undefined,
    exceptions: error === undefined ? view.exceptions : [exceptionOf(error, at), ...view.exceptions],
  };
}
