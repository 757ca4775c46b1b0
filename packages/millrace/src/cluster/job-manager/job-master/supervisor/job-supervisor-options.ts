import type { JobStatus } from "../../../../graph/execution/job-status.ts";
import type { JobHistory, JobMishaps } from "../../../../protocol/cluster/job-history.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { ResourceRequirements } from "../../../../protocol/cluster/job-submission.ts";
import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { BuiltJob } from "../../../artifact/build-job.ts";
import type { ClientResults } from "../client-results.ts";
import type { JobMasterOptions, JobRestore, MasterOutcome } from "../job-master-options.ts";
import type { SlotProvider } from "../units/slot-provider.ts";

/** Slots that may have to be waited for. */
export interface AwaitedSlots extends SlotProvider {
  /** So many slots are needed in all from now on, and so many would be of use. Called at each change. */
  want(least: number, most: number): void;
  /** How many are waited for, and since when (monotonic, ms); undefined where none are. */
  readonly waiting: { readonly slots: number; readonly since: number } | undefined;
}

/** What a job is supervised with. */
export interface JobSupervisorOptions extends Pick<
  JobMasterOptions,
  "jobId" | "epoch" | "program" | "clock" | "random" | "streams"
> {
  /** The job as it was built, at the parallelism that its program and settings say. */
  readonly built: BuiltJob;
  readonly slots: AwaitedSlots;
  /** The job's storage of checkpoints; opened where `recovered` came from it. */
  readonly store: CheckpointStore;
  /** What the job starts from; undefined: `recovered`, or nothing. */
  readonly restore: JobRestore | undefined;
  /** The job's own checkpoints, found again by a JobManager that took it over, oldest first; claimed. It goes on from the last. */
  readonly recovered: readonly CompletedCheckpoint[];
  /** What the job may use; undefined: what its program and settings say. */
  readonly requirements: ResourceRequirements | undefined;
  /** When the job was submitted, ms since the epoch. Default: now. */
  readonly startedAt?: number | undefined;
  /** What the job has been through in other threads; undefined: nothing. */
  readonly history?: JobHistory | undefined;
  /** What it has been through has changed. At most once a turn. */
  readonly onMishaps?: ((mishaps: JobMishaps) => void) | undefined;
  /** The slots that it could have; undefined: they will be told. */
  readonly available: number | undefined;
  /** As `JobMasterOptions.checkpointed`. */
  readonly checkpointed?: JobMasterOptions["checkpointed"];
  /** As `JobMasterOptions.committing`. */
  readonly committing?: JobMasterOptions["committing"];
  /** As `JobMasterOptions.ending`. */
  readonly ending?: JobMasterOptions["ending"];
  /** Takes what collect sinks send, of each generation. Default: the job has none, as nobody collects in a cluster. */
  readonly collect?: ((results: ClientResults) => void) | undefined;
  /** The job has come into another state. */
  onStatus(status: JobStatus): void;
  log(level: "info" | "warn" | "error", message: string): void;
}

/** How a supervised job ended; SUSPENDED: it did not, and another JobManager may go on with it. */
export interface JobEnding extends Pick<MasterOutcome, "status" | "error" | "givenUp"> {
  readonly view: JobView;
}
