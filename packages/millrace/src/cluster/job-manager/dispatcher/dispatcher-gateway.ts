import type { JobId } from "../../../common/ids/ids.ts";
import type {
  JobSubmission,
  ParallelismBounds,
  ResourceRequirements,
} from "../../../protocol/cluster/job-submission.ts";
import type { JobSummaryView, JobView } from "../../../protocol/cluster/job-view.ts";
import type {
  LogFile,
  TaskManagerDescription,
  TaskManagerHealth,
  ThreadDump,
} from "../../../protocol/cluster/resource-messages.ts";

/**
 * The Dispatcher as the REST API sees it. Everything that has to wait for user code or another process has a timeout
 * (`web.timeout`, CONFLICT or CONNECTION_LOST after it); jobs that have ended are answered from what was remembered of them.
 *
 * All methods throw NOT_FOUND for ids that nobody knows.
 */
export interface DispatcherGateway {
  /** Takes an uploaded artifact over, whose file is moved. @throws JOB_MODULE_INVALID for what is none, VERSION_MISMATCH, NOT_AUTHORIZED where uploads are off */
  addArtifact(upload: { readonly path: string; readonly name: string }): Promise<ArtifactView>;
  /**
   * All of them. The modules of those whose first line does not tell their job are loaded for it, where jobs may be submitted: what takes long
   * is told the next time.
   */
  artifacts(): Promise<readonly ArtifactView[]>;
  /** Jobs that run keep their own copy. */
  removeArtifact(id: string): Promise<void>;
  /** Builds the job in a thread of its own and answers its plan: `JobPlan` of the CLI's `info`. @throws as the builder; JOB_MODULE_INVALID after `web.timeout` */
  plan(run: RunRequest): Promise<unknown>;
  /**
   * Records the job, builds and starts it. When it returns, the job survives the JobManager (with HA). A request that is made again under
   * the same job id, also after the job has ended, as long as it is remembered, answers the job that there is.
   *
   * @throws as `plan`; RESTORE_REFUSED; CONFLICT for the id of another job
   */
  run(run: RunRequest): Promise<JobId>;

  jobs(): Promise<readonly JobSummaryView[]>;
  job(id: JobId): Promise<JobView>;
  cancel(id: JobId): Promise<void>;
  /**
   * Begins; the answer names it for `operation`. CONFLICT for a job that can't, and for a `chosen` id that stands for something else.
   *
   * @param chosen 32 hex digits of the client's choice: the same once more begins nothing, and answers the same, also after the JobManager
   *   was replaced. Default: one is made
   */
  trigger(id: JobId, order: TriggerRequest, chosen?: string): Promise<string>;
  /**
   * Of the last hour. With high availability also of an earlier JobManager; what was under way there, and was not done, has failed with
   * OPERATION_LOST, which says what became of it.
   */
  operation(id: JobId, trigger: string): OperationView;
  requirements(id: JobId): Promise<Readonly<Record<string, ParallelismBounds>>>;
  /** @throws INVALID_ARGUMENT, CONFLICT */
  setRequirements(id: JobId, requirements: ResourceRequirements): Promise<void>;

  /** Removes a savepoint's files; the answer names it for `disposal`. */
  dispose(path: string, chosen?: string): Promise<string>;
  disposal(trigger: string): OperationView;

  taskManagers(): readonly TaskManagerView[];
  taskManager(id: string): TaskManagerView;
  taskManagerLogs(id: string): Promise<readonly LogFile[]>;
  taskManagerLog(id: string, name: string, offset: number, bytes: number): Promise<Uint8Array>;
  taskManagerThreads(id: string): Promise<readonly ThreadDump[]>;
  taskManagerMetrics(id: string): Promise<Readonly<Record<string, number>>>;
  /** A CPU profile of the slot that runs a subtask. */
  profile(job: JobId, vertex: string, subtask: number, durationMs: number): Promise<unknown>;

  /** The JobManager's own. */
  logs(): Promise<readonly LogFile[]>;
  log(name: string, offset: number, bytes: number): Promise<Uint8Array>;
  threads(): Promise<readonly ThreadDump[]>;
  metrics(): Readonly<Record<string, number>>;
  /** All settings as text, secrets redacted. */
  config(): Readonly<Record<string, string>>;
  readonly engineVersion: string;
  readonly startedAt: number;
  /** Ends the cluster: jobs are suspended (with HA they come back with the next JobManager) or cancelled, TaskManagers end. */
  shutDown(): Promise<void>;
}

/** An uploaded artifact. */
export interface ArtifactView {
  /** `<sha256>_<name>`, the REST API's jar id. */
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** ms since the epoch. */
  readonly uploadedAt: number;
  /** Of the job in it, and what it says of itself; undefined: not known, because its module can't be loaded, or was not. */
  readonly jobName: string | undefined;
  readonly description: string | undefined;
}

/** A job to be run from an artifact. */
export interface RunRequest extends Pick<JobSubmission, "args" | "config" | "parallelism" | "restore"> {
  readonly artifactId: string;
  /** undefined: a fresh one. */
  readonly jobId: JobId | undefined;
}

/** What may be asked of a running job and takes long. */
export type TriggerRequest =
  | { readonly kind: "checkpoint" }
  | { readonly kind: "savepoint"; readonly directory: string | undefined }
  | { readonly kind: "stop"; readonly directory: string | undefined; readonly drain: boolean }
  | { readonly kind: "cancel with savepoint"; readonly directory: string | undefined };

/** How it goes. */
export interface OperationView {
  readonly kind: TriggerRequest["kind"] | "dispose";
  readonly status: "IN_PROGRESS" | "COMPLETED";
  /** A savepoint's folder. */
  readonly location: string | undefined;
  readonly checkpointId: number | undefined;
  /** Of one that has failed; it is completed, too. */
  readonly failure:
    | {
        readonly code: string;
        readonly message: string;
        readonly stack: string;
        readonly help?: string | undefined;
      }
    | undefined;
}

/** A registered TaskManager. */
export interface TaskManagerView extends TaskManagerDescription {
  /** ms since the epoch. */
  readonly lastHeartbeatAt: number;
  readonly health: TaskManagerHealth | undefined;
  readonly freeSlots: number;
  readonly allocated: readonly { readonly slotId: string; readonly jobId: JobId }[];
}
