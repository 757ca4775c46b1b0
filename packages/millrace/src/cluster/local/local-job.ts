import type { JobId } from "../../common/ids/ids.ts";
import type { JobGraph } from "../../graph/job/job-graph.ts";
import type { JobStatus } from "../../graph/execution/job-status.ts";
import type { TaskMetrics } from "../../runtime/task/task-metrics.ts";
import type { ClientResults } from "../job-manager/job-master/client-results.ts";
import type { JobOutcome } from "../job-manager/job-master/job-master.ts";

/** A job that runs in this process, as its starter sees it. */
export interface LocalJob {
  readonly jobId: JobId;
  readonly jobName: string;
  readonly jobGraph: JobGraph;
  readonly status: JobStatus;
  /** Settles when the job has ended and everything it used is closed. Never rejects. */
  readonly done: Promise<JobOutcome>;
  /** What collect sinks send. */
  readonly results: ClientResults;
  /** Metrics of all tasks now, by execution id (`<vertex>/<subtask>#<attempt>`). */
  metrics(): Promise<ReadonlyMap<string, TaskMetrics>>;
  /** Stops the job: sources stop reading, nothing is finished; `done` settles with CANCELED. */
  cancel(): void;
}
