import { SystemClock } from "../../common/clock/system-clock.ts";
import type { MillraceError } from "../../common/errors/millrace-error.ts";
import type { VertexId } from "../../common/ids/ids.ts";
import { poll } from "../../client/poll.ts";
import type { SubmittedJob } from "../../client/job/submitted-job.ts";
import { jobFailure, hasEnded } from "../../client/job/job-results.ts";
import type { CheckpointStats } from "../../protocol/rest/checkpoints.ts";
import type { JobDetails } from "../../protocol/rest/jobs.ts";
import type { TaskMetrics } from "../../runtime/task/task-metrics.ts";
import { ExitCode } from "../exit-code.ts";
import type { CheckpointProgress } from "../progress/checkpoint-progress.ts";
import { JobProgress, type JobCondition } from "../progress/job-progress.ts";
import { jobTotals, type CountedGraph } from "../progress/job-totals.ts";
import type { Reporter } from "../report/reporter.ts";

/** How often a cluster is asked, ms; progress is shown as often at most. */
const INTERVAL = 1000;

/**
 * Reports how a job of a cluster gets on until it has ended, then how it ended. Answers the exit code.
 *
 * @param leaving ends it, the job goes on: rejects
 * @param patience how long a JobManager is waited for that does not answer any more, ms
 */
export async function followClusterJob(
  job: SubmittedJob,
  reporter: Reporter,
  leaving: AbortSignal,
  patience: number,
): Promise<number> {
  const clock = new SystemClock();
  const started = clock.monotonic();
  let progress: JobProgress | undefined;
  let waited = false;
  let told = false;
  let last: JobDetails | undefined;
  let shown = started;
  const onSilent = ({ message }: Error): void =>
    reporter.note(`${message}; waiting for it, or for the next one`);
  for await (const details of job.progress({ interval: INTERVAL, signal: leaving, onSilent })) {
    last = details;
    if (hasEnded(details.state) || reporter.interval === undefined) continue;
    const { waiting } = details;
    const waits = waiting !== null;
    // Most waiting is over with the next answer.
    if (waits && waited && !told) reporter.note(waiting);
    told = waits && waited;
    waited = waits;
    // Of one that is being built or recovered nothing is known yet.
    if (details.vertices.length === 0) continue;
    if (clock.monotonic() - shown < reporter.interval - INTERVAL / 2) continue;
    shown = clock.monotonic();
    progress ??= new JobProgress(graphOf(details), started, started);
    // Between two answers the job may have gone; the next one tells.
    const facts = await factsOf(job, details).catch(() => undefined);
    if (facts === undefined) continue;
    reporter.progress(progress.take(facts.metrics, clock.monotonic(), clock.now(), facts.condition));
  }
  // A JobManager that dies now leaves the rest to the next one.
  const ended = await poll(clock, () => endOf(job, last as JobDetails), { signal: leaving, patience });
  return tellEnd(ended, reporter);
}

interface End {
  readonly details: JobDetails;
  readonly metrics: ReadonlyMap<string, TaskMetrics>;
  readonly checkpoints: CheckpointStats;
  readonly failure: MillraceError | undefined;
}

async function endOf(job: SubmittedJob, details: JobDetails): Promise<End> {
  const [metrics, checkpoints] = await Promise.all([metricsOf(job, details), job.checkpoints()]);
  const failure = details.state === "FAILED" ? jobFailure(details, await job.exceptions()) : undefined;
  return { details, metrics, checkpoints, failure };
}

function tellEnd({ details, metrics, checkpoints, failure }: End, reporter: Reporter): number {
  const status = details.state as "FINISHED" | "CANCELED" | "FAILED";
  const { completed, failed, total } = checkpoints.counts;
  reporter.ended({
    jobId: details.jid,
    jobName: details.name,
    status,
    duration: details.duration,
    totals: jobTotals(graphOf(details), metrics),
    restarts: details.restarts,
    checkpoints: total === 0 ? undefined : { completed, failed },
  });
  if (failure !== undefined) reporter.failed(failure);
  return status === "FINISHED" ? ExitCode.OK : ExitCode.FAILED;
}

/** A job's vertices, each as one task: what the cluster has added up. */
const graphOf = ({ name, vertices, plan }: JobDetails): CountedGraph => ({
  jobName: name,
  vertices: vertices.map((vertex) => ({
    id: vertex.id as VertexId,
    name: vertex.name,
    parallelism: vertex.parallelism,
  })),
  edges: plan.nodes
    .filter(({ inputs = [] }) => inputs.length > 0)
    .map(({ id }) => ({ target: id as VertexId })),
});

interface Facts {
  readonly metrics: ReadonlyMap<string, TaskMetrics>;
  readonly condition: JobCondition;
}

async function factsOf(job: SubmittedJob, details: JobDetails): Promise<Facts> {
  const [metrics, checkpoints] = await Promise.all([metricsOf(job, details), job.checkpoints()]);
  return {
    metrics,
    condition: {
      restarting: details.state === "RESTARTING",
      restarts: details.restarts,
      waiting: details.waiting ?? undefined,
      checkpoints: checkpointsOf(checkpoints, details.now),
    },
  };
}

const SUMS = ["numRecordsSend", "numRecordsSkipped"];
const WATERMARK = "currentInputWatermark";

async function metricsOf(
  job: SubmittedJob,
  { vertices, restarts }: JobDetails,
): Promise<ReadonlyMap<string, TaskMetrics>> {
  const entries = await Promise.all(
    vertices.map(async ({ id, metrics }): Promise<readonly [string, TaskMetrics]> => {
      const more = await job.aggregatedMetrics(id, [...SUMS, WATERMARK]);
      const sum = (name: string): number => more[name]?.sum ?? 0;
      return [
        `${id}/0#${restarts}`,
        {
          numRecordsIn: metrics["read-records"],
          numRecordsOut: metrics["write-records"],
          numBytesIn: metrics["read-bytes"],
          numBytesOut: metrics["write-bytes"],
          numRecordsToSinks: sum("numRecordsSend"),
          numRecordsSkipped: sum("numRecordsSkipped"),
          busyTime: metrics["accumulated-busy-time"],
          idleTime: metrics["accumulated-idle-time"],
          backPressuredTime: metrics["accumulated-backpressured-time"],
          currentWatermark: more[WATERMARK]?.min ?? -Infinity,
          outputBacklog: 0,
          inputQueued: 0,
          user: {},
        },
      ];
    }),
  );
  return new Map(entries);
}

function checkpointsOf({ history }: CheckpointStats, now: number): CheckpointProgress | undefined {
  const ended = history.filter(({ is_savepoint, status }) => !is_savepoint && status !== "IN_PROGRESS");
  if (ended.length === 0) return undefined;
  const newest = ended.findIndex(({ status }) => status === "COMPLETED");
  const last = ended[newest];
  return {
    last:
      last === undefined
        ? undefined
        : {
            id: last.id,
            age: Math.max(0, now - last.trigger_timestamp - last.end_to_end_duration),
            duration: last.end_to_end_duration,
            stateBytes: last.state_size,
          },
    failed: last === undefined ? ended.length : newest,
  };
}
