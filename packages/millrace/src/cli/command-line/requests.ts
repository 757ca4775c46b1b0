import type { ClusterAccess, ClusterRequest } from "./cluster-requests.ts";

/** What names a job and says how to build it: the same for all commands that take one. */
export interface JobRequest {
  /** The module's path as it was written. */
  readonly module: string;
  /** undefined: what the configuration says, or one for each core of the machine. */
  readonly parallelism: number | undefined;
  /** `key=value` of each `-D`, in order. */
  readonly settings: readonly string[];
  /** What stands after `--`: the job's own arguments. */
  readonly jobArgs: readonly string[];
  /** Whole stacks, and what the engine logs. */
  readonly verbose: boolean;
}

/** Settings of checkpoints that have flags of their own; they win over those of `-D`. Paths as they were written. */
export interface CheckpointFlags {
  /** Start from this savepoint or checkpoint. */
  readonly savepoint: string | undefined;
  /** Take it over. */
  readonly claim: boolean;
  /** Leave behind state of operators that the job doesn't have. */
  readonly allowNonRestoredState: boolean;
  /** "10 s" */
  readonly checkpointInterval: string | undefined;
  readonly checkpointDir: string | undefined;
}

/** `millrace run` */
export interface RunRequest extends JobRequest {
  readonly command: "run";
  /** Neither progress nor summary: errors and warnings alone. */
  readonly quiet: boolean;
  /** Progress, summary and errors as JSON lines. */
  readonly json: boolean;
  readonly checkpoints: CheckpointFlags;
  /** Stop with a savepoint when asked to end: in this folder, or (true) where the settings say. */
  readonly savepointOnExit: string | true | undefined;
  /** That savepoint ends the job's input for good. */
  readonly drain: boolean;
  /** Run in a cluster; undefined: in this process. */
  readonly cluster: ClusterRun | undefined;
}

/** How a job is run in a cluster. */
export interface ClusterRun {
  readonly access: ClusterAccess;
  /** Don't wait for its end. */
  readonly detached: boolean;
  /** Packages that stay outside of the artifact. */
  readonly externals: readonly string[];
}

/** `millrace dev` */
export interface DevRequest extends JobRequest {
  readonly command: "dev";
  readonly checkpoints: CheckpointFlags;
  /** Start without state where a change can't keep it. */
  readonly freshOnMismatch: boolean;
}

/** `millrace info` */
export interface InfoRequest extends JobRequest {
  readonly command: "info";
  /** The plan as JSON. */
  readonly json: boolean;
  /** Built in a cluster, as if it were run there; undefined: in this process. */
  readonly cluster: ClusterRun | undefined;
}

/** `millrace savepoint inspect` */
export interface SavepointInspectRequest {
  readonly command: "savepointInspect";
  /** The savepoint's folder, or its `_metadata`. */
  readonly path: string;
  /** `<uid>/<state>` whose entries are printed. */
  readonly read: string | undefined;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** `millrace savepoint check` */
export interface SavepointCheckRequest extends JobRequest {
  readonly command: "savepointCheck";
  readonly path: string;
  readonly allowNonRestoredState: boolean;
  readonly json: boolean;
}

/** `millrace savepoint dispose` */
export interface SavepointDisposeRequest {
  readonly command: "savepointDispose";
  readonly path: string;
  readonly verbose: boolean;
}

/** Help about a job: its own arguments, after the command's usage unless it was asked for behind `--`. */
export interface JobHelpRequest {
  readonly command: "jobHelp";
  readonly module: string;
  /** The command's own help, where `--help` stood before `--`. */
  readonly usage: string | undefined;
  readonly verbose: boolean;
}

/** A text to print: help, the version. */
export interface TextRequest {
  readonly command: "text";
  readonly text: string;
}

/** What a command line asks for. */
export type Request =
  | RunRequest
  | DevRequest
  | InfoRequest
  | SavepointInspectRequest
  | SavepointCheckRequest
  | SavepointDisposeRequest
  | JobHelpRequest
  | TextRequest
  | ClusterRequest;

/** Without any flag. */
export const NO_CHECKPOINT_FLAGS: CheckpointFlags = Object.freeze({
  savepoint: undefined,
  claim: false,
  allowNonRestoredState: false,
  checkpointInterval: undefined,
  checkpointDir: undefined,
});
