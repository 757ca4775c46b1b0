import type { Clock } from "../../../../common/clock/clock.ts";
import type { JobHistory } from "../../../../protocol/cluster/job-history.ts";
import type { JobSubmission, LastCommit, SettledJob } from "../../../../protocol/cluster/job-submission.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { Log } from "../../../logging/log.ts";
import type { ResourceManager } from "../../resource-manager/resource-manager.ts";
import type { JobThread } from "./job-thread.ts";
import type { RunTask } from "./resume-task.ts";

/** An end for good, of which a record is made before what the job could go on from is removed. */
export type FinalStatus = "FINISHED" | "CANCELED" | "FAILED";

/** What a job's host is given. Times in ms. */
export interface JobHostOptions {
  readonly submission: JobSubmission;
  /** What it is called until it was built. */
  readonly name: string;
  /** Starts a thread for its JobMaster: the first, and another where one has died. */
  readonly spawn: () => JobThread;
  readonly resources: Pick<
    ResourceManager,
    "addJob" | "orphanJob" | "removeJob" | "released" | "fromJob" | "waiting"
  >;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomBytes: (count: number) => Uint8Array;
  /** What the job prints. */
  readonly output: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** How long it may take to be built, and to answer a call. */
  readonly timeout: number;
  /** How long its thread may be silent while it runs. */
  readonly silence: number;
  /** What a thread is to do that goes on with the job, which was recorded. Throws where that can't be. */
  readonly resume: () => RunTask;
  /** Records what was settled when the job was built. */
  readonly record: (settled: SettledJob) => Promise<void>;
  /** Records what the job has been through, sooner or later. */
  readonly recordHistory: (history: JobHistory) => void;
  /** Records that a checkpoint of the job was completed. */
  readonly recordCheckpoint: () => Promise<void>;
  /** Records that the job can only end from now on. */
  readonly recordCommit: (commit: LastCommit) => Promise<void>;
  /**
   * Records the job's end.
   *
   * @param view what is to be remembered of it, should nothing more be told
   * @param kept whether its checkpoints are left as they are, whatever its retention says
   */
  readonly recordEnd: (status: FinalStatus, view: JobView, kept: boolean) => Promise<void>;
  /** Removes its checkpoints, as its retention says; nobody else does any more. Settles with whether that is done with, for good; never rejects. */
  readonly clear: (status: FinalStatus, settled: SettledJob) => Promise<boolean>;
  /** It runs, for the first time in this process or again. */
  readonly onStarted: () => void;
  /** It is over: its slots are closed, its thread ends. Comes once. @param cleared as `clear`: until then its record is of use */
  readonly onOver: (view: JobView, cleared: Promise<boolean>) => void;
}
