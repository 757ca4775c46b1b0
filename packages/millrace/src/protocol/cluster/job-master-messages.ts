import type { CrossingSlots } from "./crossing-slots.ts";
import type { ErrorEnvelope } from "../control/error-envelope.ts";
import type { JobStatus } from "../../graph/execution/job-status.ts";
import type { JobHistory, JobMishaps } from "./job-history.ts";
import type { JobSubmission, LastCommit, ResourceRequirements, SettledJob } from "./job-submission.ts";

/*
 * What the JobManager's main thread and the thread of a job's JobMaster tell each other, over a MessagePort. User code (the builder, enumerators)
 * runs in the latter alone, and may block it: the main thread never waits for it without a timeout, and may end it at any time.
 */

/** What the thread is to do; its first message. */
export type JobMasterTask =
  /** Load the job's module and answer what it says of itself, then end. Nothing is built. */
  | { readonly kind: "describe"; readonly submission: JobSubmission; readonly artifactUrl: string }
  /** Build the job and answer its plan, then end. */
  | { readonly kind: "plan"; readonly submission: JobSubmission; readonly artifactUrl: string }
  | {
      readonly kind: "run";
      readonly submission: JobSubmission;
      readonly artifactUrl: string;
      /** What an earlier leader settled; undefined: the job is built for the first time. */
      readonly settled: SettledJob | undefined;
      readonly epoch: number;
      /** Whether the job was started before, by this or another JobManager: then it goes on from its newest completed checkpoint, if any. */
      readonly recovering: boolean;
      /** What the job may use; undefined: what its program says. */
      readonly requirements: ResourceRequirements | undefined;
      /** Folder for checkpoints of a job that names none itself, which the next leader finds, too; undefined: there is none. */
      readonly checkpointDirectory?: string | undefined;
      /** Whether a checkpoint of it was completed: then it never starts from its beginning again. Default: false. */
      readonly checkpointed?: boolean | undefined;
      /** What the job has been through, of which this thread goes on counting; undefined: nothing. */
      readonly history?: JobHistory | undefined;
    };

/** What REST asks of a job. The answers stand behind each. */
export type JobMasterCall =
  /** JobView */
  | { readonly method: "describe" }
  | { readonly method: "cancel" }
  /** When it is begun: tasks and slots are let go without an outcome, nothing of its checkpoints is removed; `ended` with SUSPENDED, unless it was about to end */
  | { readonly method: "suspend" }
  /** `{ checkpointId }`; may take long */
  | { readonly method: "checkpoint" }
  /** `{ path }`; may take long. @throws as LocalJob.triggerSavepoint */
  | { readonly method: "savepoint"; readonly directory: string | undefined }
  | {
      readonly method: "stop";
      readonly directory: string | undefined;
      readonly drain: boolean;
      /** Whether the job is CANCELED by it, not FINISHED. Default false. */
      readonly cancels?: boolean;
    }
  /** When the requirements are recorded, not when they are met. CONFLICT, INVALID_ARGUMENT */
  | { readonly method: "requirements"; readonly requirements: ResourceRequirements };

/** To the thread of a JobMaster. */
export type ToJobMaster =
  | { readonly type: "task"; readonly task: JobMasterTask }
  | { readonly type: "settledRecorded" }
  /** The answer to `ending`. */
  | { readonly type: "endRecorded" }
  /** The answer to `checkpointed`. */
  | { readonly type: "checkpointRecorded" }
  /** The answer to `committing`. */
  | { readonly type: "commitRecorded" }
  | { readonly type: "slotsOpened"; readonly request: number; readonly slots: readonly GrantedSlot[] }
  | { readonly type: "slotsRefused"; readonly request: number; readonly error: ErrorEnvelope }
  | { readonly type: "slotMessage"; readonly allocation: number; readonly bytes: Uint8Array }
  | { readonly type: "slotGone"; readonly allocation: number; readonly error: ErrorEnvelope | undefined }
  /** Slots that the job could have in all, those that it has among them: told at the start and at each change. No slot is promised to two jobs. */
  | { readonly type: "slotsAvailable"; readonly count: number }
  | { readonly type: "call"; readonly request: number; readonly call: JobMasterCall };

/** A slot that a JobMaster was given. */
export interface GrantedSlot {
  readonly allocation: number;
  readonly slotId: string;
  readonly taskManagerId: string;
  /** Host and data port of its TaskManager. */
  readonly endpoint: string;
}

/** From the thread of a JobMaster. */
export type FromJobMaster =
  /** Built for the first time: recorded before anything runs, answered by `settledRecorded`. Also the answer to a plan. */
  | { readonly type: "built"; readonly settled: SettledJob; readonly plan: unknown }
  /** The answer to a description. */
  | { readonly type: "described"; readonly jobName: string; readonly description: string | undefined }
  /** The job can't be built, or can't start from what it should; nothing has run. */
  | { readonly type: "unbuilt"; readonly error: ErrorEnvelope }
  | { readonly type: "status"; readonly status: JobStatus; readonly at: number }
  /** Something has failed, or was started again: handed to the thread or JobManager that goes on with the job. At most once a turn; not answered. */
  | { readonly type: "mishaps"; readonly mishaps: JobMishaps }
  | ({ readonly type: "openSlots"; readonly request: number } & CrossingSlots)
  /** Nobody waits for these slots any more: what comes is closed. */
  | { readonly type: "forgetSlots"; readonly request: number }
  | { readonly type: "prepareSlots"; readonly count: number }
  /**
   * What the job needs in all from now on, and could use. Slots up to `least` are kept for it between two attempts, when it lets go of those that
   * it had; `slotsAvailable` never says more than `most`, nor promises a slot to two jobs. At each change, and answered by `slotsAvailable`; before
   * the first, any number is of use.
   */
  | { readonly type: "wantSlots"; readonly least: number; readonly most: number }
  | { readonly type: "slotMessage"; readonly allocation: number; readonly bytes: Uint8Array }
  | { readonly type: "closeSlot"; readonly allocation: number }
  | { readonly type: "reply"; readonly request: number; readonly value: unknown }
  | { readonly type: "refusal"; readonly request: number; readonly error: ErrorEnvelope }
  /** Lines for the JobManager's log. */
  | { readonly type: "log"; readonly level: "info" | "warn" | "error"; readonly message: string }
  /** Standard output of the job, which goes to the JobManager's; answered by nothing, bounded by the sender's credit with its slots. */
  | { readonly type: "output"; readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array }
  /**
   * The job's first checkpoint is there, and its sinks are about to commit what it covers. Recorded, so that nobody starts the job from its beginning
   * when its checkpoints are lost, which would write that twice; answered by `checkpointRecorded`, for which the thread waits before it lets them.
   */
  | { readonly type: "checkpointed" }
  /**
   * The job's sinks are about to commit what no checkpoint covers that the job could go on from: their last output, or, after a stop, that of the
   * savepoint. Recorded, so that no later leader starts the job again, which would write it twice; answered by `commitRecorded`, for which the
   * thread waits before it lets them.
   */
  | ({ readonly type: "committing" } & LastCommit)
  /**
   * The job has come to this end for good, and nothing of what it would go on from was removed yet. Recorded, so that no later leader starts it
   * again when its checkpoints are gone; answered by `endRecorded`, for which the thread waits before it removes them.
   */
  | {
      readonly type: "ending";
      readonly status: "FINISHED" | "CANCELED" | "FAILED";
      /** JobView: what is to be remembered of it, should `ended` not come any more. */
      readonly view?: unknown;
    }
  /** The last message: the job is over, its slots are closed; `view` is what is remembered of it. */
  | {
      readonly type: "ended";
      readonly status: JobStatus;
      readonly view: unknown;
      readonly error: ErrorEnvelope | undefined;
    };
