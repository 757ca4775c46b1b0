import type { JobId } from "../../common/ids/ids.ts";
import type { ArtifactReference } from "./resource-messages.ts";

/** A job to run in a cluster, as the Dispatcher keeps it: all that is needed to start it again after the JobManager has died. */
export interface JobSubmission {
  readonly jobId: JobId;
  readonly artifact: ArtifactReference;
  /** The job's arguments as they were given: text of a command line, or values by name. */
  readonly args: { readonly argv?: readonly string[]; readonly values?: Readonly<Record<string, unknown>> };
  /** Settings that win over the program's, as text by key: those of the cluster and of who submitted it, merged. */
  readonly config: Readonly<Record<string, string>>;
  /** undefined: as the settings say. */
  readonly parallelism: number | undefined;
  readonly restore:
    | {
        readonly path: string;
        readonly claimMode: "NO_CLAIM" | "CLAIM";
        readonly allowNonRestoredState: boolean;
      }
    | undefined;
  /** ms since the epoch. */
  readonly submittedAt: number;
  /** Digest of what was asked for: who asks for the same again under the same job id means this job. Absent in what was recorded before there was one. */
  readonly request?: string | undefined;
}

/**
 * What was settled when the job was first built, and must stay the same when it is built again: captured values, the parallelism that was
 * chosen, key groups that were adopted. Written to the job's record before anything runs.
 */
export interface SettledJob {
  readonly jobName: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly captured: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly fingerprint: string;
}

/** A commit after which a job can only end: whoever started it again would write its output twice. */
export interface LastCommit {
  /** That the job was stopped with; undefined: there is none, the job came to its end without checkpoints. */
  readonly savepoint: string | undefined;
  /** Whether sources had come to their end before it: then it can't be started from. */
  readonly drained: boolean;
}

/** Lower and upper bound of a vertex's parallelism. */
export interface ParallelismBounds {
  readonly lower: number;
  readonly upper: number;
}

/** What a running job may use, by vertex. */
export type ResourceRequirements = Readonly<Record<string, ParallelismBounds>>;
