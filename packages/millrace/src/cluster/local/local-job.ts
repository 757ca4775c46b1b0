import type { JobId } from "../../common/ids/ids.ts";
import type { JobStatus } from "../../graph/execution/job-status.ts";
import type { JobGraph } from "../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { TaskMetrics } from "../../runtime/task/task-metrics.ts";
import type { ClientResults } from "../job-manager/job-master/client-results.ts";
import type { JobMaster } from "../job-manager/job-master/job-master.ts";
import type { JobOutcome } from "../job-manager/job-master/job-master-options.ts";

/** A job that runs in this process, as its starter sees it. */
export interface LocalJob {
  readonly jobId: JobId;
  readonly jobName: string;
  readonly jobGraph: JobGraph;
  readonly streamGraph: StreamGraph;
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

/** @param release frees what the job used besides its slots; never rejects */
export function localJob(
  master: JobMaster,
  graphs: { readonly jobGraph: JobGraph; readonly streamGraph: StreamGraph },
  release: () => Promise<void>,
): LocalJob {
  const done = master.done.then(async (outcome) => {
    await release();
    return outcome;
  });
  return {
    jobId: master.jobId,
    jobName: graphs.jobGraph.jobName,
    jobGraph: graphs.jobGraph,
    streamGraph: graphs.streamGraph,
    get status() {
      return master.status;
    },
    done,
    results: master.results,
    metrics: () => master.metrics(),
    cancel: () => master.cancel(),
  };
}
