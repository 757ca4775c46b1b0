import { resolve } from "node:path";
import { configValue } from "../../common/config/configuration.ts";
import { SAVEPOINT_DIR } from "../../common/config/options.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { JobId } from "../../common/ids/ids.ts";
import type { JobStatus } from "../../graph/execution/job-status.ts";
import type { JobGraph } from "../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../graph/stream/stream-graph.ts";
import type { CompletedCheckpoint } from "../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { TaskMetrics } from "../../runtime/task/task-metrics.ts";
import type { CheckpointStatistics } from "../job-manager/job-master/checkpoints/checkpoint-history.ts";
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
  /** How often it, or a part of it, was started again. */
  readonly restarts: number;
  /** Settles when the job has ended and everything it used is closed. Never rejects. */
  readonly done: Promise<JobOutcome>;
  /** What collect sinks send. */
  readonly results: ClientResults;
  /** Metrics of all tasks now, by execution id (`<vertex>/<subtask>#<attempt>`): of each subtask's latest attempt. */
  metrics(): Promise<ReadonlyMap<string, TaskMetrics>>;
  /** What checkpoints have been taken, and how they went. */
  checkpoints(): CheckpointStatistics;
  /** Takes a checkpoint now; its number. @throws CHECKPOINT_FAILED, CHECKPOINT_EXPIRED, CHECKPOINT_STORAGE_FAILED */
  triggerCheckpoint(): Promise<number>;
  /**
   * Takes a savepoint and goes on.
   *
   * @param directory in which it makes its folder; undefined: where the settings say
   * @returns its folder
   * @throws as `triggerCheckpoint`; INVALID_ARGUMENT where nobody says where it goes
   */
  triggerSavepoint(directory?: string): Promise<string>;
  /** Stops the job with a savepoint; settles when it has ended. @throws as `triggerSavepoint`, the job then goes on; JOB_FAILED */
  stopWithSavepoint(options?: StopWithSavepoint): Promise<string>;
  /** Takes a savepoint that lives in the memory of this process, and goes on. Start a job from it with `restoreFrom`. */
  savepointInMemory(): Promise<CompletedCheckpoint>;
  /**
   * Stops the job with a savepoint in memory; settles when it has ended, be it that its last commit failed: the savepoint is whole all the
   * same, nobody else has it, and a job that is started from it commits what is left.
   */
  stopInMemory(): Promise<CompletedCheckpoint>;
  /** Stops the job: sources stop reading, nothing is finished; `done` settles with CANCELED. */
  cancel(): void;
}

/** How a job is stopped with a savepoint; the API's StopOptions. */
export interface StopWithSavepoint {
  readonly directory?: string;
  readonly drain?: boolean;
}

/** @param release frees what the job used besides its slots; never rejects */
export function localJob(
  master: JobMaster,
  graphs: { readonly jobGraph: JobGraph; readonly streamGraph: StreamGraph },
  release: () => Promise<void>,
): LocalJob {
  const done = master.done.then(async (outcome) => {
    await release();
    // Nobody suspends a job of this process.
    return outcome as JobOutcome;
  });
  const folder = (directory: string | undefined): string => {
    const target = directory ?? configValue(graphs.streamGraph.config, SAVEPOINT_DIR);
    if (target !== undefined) return resolve(target);
    throw new MillraceError("INVALID_ARGUMENT", "nobody says where the savepoint goes", {
      help: `Give a folder, or set ${SAVEPOINT_DIR.key}.`,
    });
  };
  const pathOf = ({ path }: CompletedCheckpoint): string => path ?? "";
  const stop = async (target: string, drain: boolean): Promise<CompletedCheckpoint> => {
    const savepoint = await master.snapshot({ kind: drain ? "drain" : "stop", target });
    await done;
    return savepoint;
  };
  return {
    jobId: master.jobId,
    jobName: graphs.jobGraph.jobName,
    jobGraph: graphs.jobGraph,
    streamGraph: graphs.streamGraph,
    get status() {
      return master.status;
    },
    get restarts() {
      return master.restarts;
    },
    done,
    results: master.results,
    metrics: () => master.metrics(),
    checkpoints: () => master.checkpoints,
    async triggerCheckpoint() {
      const { metadata } = await master.snapshot({ kind: "checkpoint", target: undefined });
      return metadata.checkpointId;
    },
    triggerSavepoint: async (directory) =>
      pathOf(await master.snapshot({ kind: "savepoint", target: folder(directory) })),
    stopWithSavepoint: async ({ directory, drain = false } = {}) => {
      const savepoint = await stop(folder(directory), drain);
      const { status, error } = await done;
      if (status === "FAILED" && error !== undefined) throw error;
      return pathOf(savepoint);
    },
    savepointInMemory: () => master.snapshot({ kind: "savepoint", target: "memory" }),
    stopInMemory: () => stop("memory", false),
    cancel: () => master.cancel(),
  };
}
