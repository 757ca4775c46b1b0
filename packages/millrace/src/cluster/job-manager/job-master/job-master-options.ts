import type { Clock } from "../../../common/clock/clock.ts";
import type { Random } from "../../../common/clock/random.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { JobGraph } from "../../../graph/job/job-graph.ts";
import type { StreamGraph } from "../../../graph/stream/stream-graph.ts";
import type { LastCommit } from "../../../protocol/cluster/job-submission.ts";
import type { ProgramDeployment } from "../../../protocol/control/deployment.ts";
import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { TaskMetrics } from "../../../runtime/task/task-metrics.ts";
import type { JobInheritance } from "./job-inheritance.ts";
import type { JobObserver } from "./job-observer.ts";
import type { StandardStreams } from "./standard-streams.ts";
import type { SlotProvider } from "./units/slot-provider.ts";

/** What a JobMaster is given. */
export interface JobMasterOptions {
  readonly jobId: JobId;
  /** Of the JobManager's leadership, part of the fencing token; 0 in a single process. */
  readonly epoch: number;
  readonly streamGraph: StreamGraph;
  readonly jobGraph: JobGraph;
  /** Whether each failover unit runs in one slot: in the caller's thread. */
  readonly packed: boolean;
  readonly slots: SlotProvider;
  readonly program: ProgramDeployment;
  readonly args: Readonly<Record<string, unknown>>;
  /** All settings, the parallelism among them. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly streams: StandardStreams;
  /** What the job starts from, checked against it; undefined: from nothing. */
  readonly restore: JobRestore | undefined;
  /** What an earlier JobMaster of the same job has left; undefined for the first. */
  readonly inheritance?: JobInheritance | undefined;
  /** Follows what happens, for the job's view. */
  readonly observer?: JobObserver | undefined;
  /**
   * Asked when what failed is about to be started again. True: the job is to be planned anew instead, and suspends itself. Default: false.
   */
  readonly replans?: (() => boolean) | undefined;
  /**
   * A checkpoint is in its place: settles when it may be completed, and sinks may commit what it covers. Never rejects. Default: at once.
   */
  readonly checkpointed?: (() => Promise<void>) | undefined;
  /**
   * Sinks are about to commit for the last time, what no checkpoint covers: settles when they may. From then on the job can only end, whoever owns
   * it. Never rejects. Default: at once.
   */
  readonly committing?: ((commit: LastCommit) => Promise<void>) | undefined;
  /**
   * The job has come to its end for good, its tasks are gone, and nothing of what it would go on from was removed yet: settles when that may be.
   * Never rejects. Default: at once.
   */
  readonly ending?: ((status: JobOutcome["status"]) => Promise<void>) | undefined;
  /** Makes the job's storage of checkpoints. Called when it is first needed. */
  createStore(): Promise<CheckpointStore>;
  log(level: "info" | "warn" | "error", message: string): void;
}

/** What a job starts from. */
export interface JobRestore {
  readonly checkpoint: CompletedCheckpoint;
  /** Whether it is the job's own from now on. */
  readonly claim: boolean;
}

/** How a job ended. */
export interface JobOutcome {
  readonly status: "FINISHED" | "CANCELED" | "FAILED";
  readonly error: Error | undefined;
  /** Of a failed job that might have been started again: why it was not. */
  readonly givenUp: string | undefined;
  /** The last metrics of each task that were seen, by execution: those of its latest attempt. */
  readonly metrics: ReadonlyMap<string, TaskMetrics>;
}

/** How a JobMaster let go of its job. SUSPENDED: the job has not ended, and can go on from what is left (`JobMaster.inheritance`). */
export interface MasterOutcome extends Omit<JobOutcome, "status"> {
  readonly status: JobOutcome["status"] | "SUSPENDED";
}
