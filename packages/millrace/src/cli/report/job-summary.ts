import { existsSync } from "node:fs";
import { join } from "node:path";
import type { JobOutcome } from "../../cluster/job-manager/job-master/job-master-options.ts";
import type { LocalJob } from "../../cluster/local/local-job.ts";
import { jobCondition } from "../progress/job-condition.ts";
import { jobTotals } from "../progress/job-totals.ts";
import type { JobTotals } from "../progress/job-totals.ts";

/** How a job ended, and what it did. */
export interface JobSummary {
  readonly jobId: string;
  readonly jobName: string;
  readonly status: "FINISHED" | "CANCELED" | "FAILED";
  /** ms from its start to its end. */
  readonly duration: number;
  readonly totals: JobTotals;
  /** How often it, or a part of it, was started again after a failure. */
  readonly restarts: number;
  /** undefined where none were taken. */
  readonly checkpoints: CheckpointCounts | undefined;
  /** Folder of the last checkpoint, where the job has left it: of one that didn't finish, to go on from. Default: none. */
  readonly kept?: string | undefined;
}

/** What became of a job's checkpoints. */
export interface CheckpointCounts {
  readonly completed: number;
  readonly failed: number;
}

/** @param duration from its start to its end, ms */
export function jobSummary(job: LocalJob, { status, metrics }: JobOutcome, duration: number): JobSummary {
  const { restarts, checkpoints } = jobCondition(job, 0);
  const { completed, failed, history } = job.checkpoints();
  const last = history.find((it) => it.kind === "checkpoint" && it.status === "COMPLETED")?.path;
  // The job has removed those that its settings don't keep.
  const kept = status !== "FINISHED" && last !== undefined && existsSync(join(last, "_metadata"));
  return {
    jobId: job.jobId,
    jobName: job.jobName,
    status,
    duration,
    totals: jobTotals(job.jobGraph, metrics),
    restarts,
    checkpoints: checkpoints === undefined ? undefined : { completed, failed },
    ...(kept ? { kept: last } : {}),
  };
}
