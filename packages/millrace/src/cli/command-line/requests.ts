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

/** `millrace run` */
export interface RunRequest extends JobRequest {
  readonly command: "run";
  /** Neither progress nor summary: errors and warnings alone. */
  readonly quiet: boolean;
  /** Progress, summary and errors as JSON lines. */
  readonly json: boolean;
}

/** `millrace info` */
export interface InfoRequest extends JobRequest {
  readonly command: "info";
  /** The plan as JSON. */
  readonly json: boolean;
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
export type Request = RunRequest | InfoRequest | JobHelpRequest | TextRequest;
