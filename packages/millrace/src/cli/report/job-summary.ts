import type { JobGraph } from "../../graph/job/job-graph.ts";
import type { TaskMetrics } from "../../runtime/task/task-metrics.ts";
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
}

/** What a job's end is summed up from. */
export interface EndedJob {
  readonly jobId: string;
  readonly jobGraph: JobGraph;
  readonly status: JobSummary["status"];
  readonly duration: number;
  readonly metrics: ReadonlyMap<string, TaskMetrics>;
}

export function jobSummary({ jobId, jobGraph, status, duration, metrics }: EndedJob): JobSummary {
  return { jobId, jobName: jobGraph.jobName, status, duration, totals: jobTotals(jobGraph, metrics) };
}
