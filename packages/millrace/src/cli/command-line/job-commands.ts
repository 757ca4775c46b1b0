import { InvalidArgumentError, type Command } from "commander";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { CommandOutput } from "./command-output.ts";
import { MAX_PARALLELISM, parseParallelism } from "./parse-plain-run.ts";
import type { CheckpointFlags, ClusterRun, JobRequest, Request, RunRequest } from "./requests.ts";

/** What commander gives the action of a command that takes a job. */
export interface JobOptions {
  readonly parallelism?: number;
  readonly define?: readonly string[];
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly help?: boolean;
  readonly savepoint?: string;
  readonly claim?: boolean;
  readonly allowNonRestoredState?: boolean;
  readonly checkpointInterval?: string;
  readonly checkpointDir?: string;
  readonly savepointOnExit?: string | true;
  readonly drain?: boolean;
  readonly freshOnMismatch?: boolean;
  readonly jobmanager?: string;
  readonly target?: string;
  readonly conf?: string;
  readonly detached?: boolean;
  readonly external?: readonly string[];
}

/** An option as commander takes it. */
export type OptionText = readonly [flags: string, description: string];

/** `-n`, wherever a job meets a savepoint. */
export const ALLOW_NON_RESTORED: OptionText = [
  "-n, --allow-non-restored-state",
  "leave behind state of operators that the job doesn't have",
];

/** Options of commands that start a job. */
export const CHECKPOINT_OPTIONS: readonly OptionText[] = [
  ["-s, --savepoint <path>", "start from this savepoint or checkpoint"],
  ["--claim", "take it over: the job removes it when it is no longer needed"],
  ALLOW_NON_RESTORED,
  ["--checkpoint-interval <time>", 'take a checkpoint every so often: "10 s"'],
  ["--checkpoint-dir <folder>", "where checkpoints go; without it into memory"],
];

/** Gives a command that takes a job the options that all of them have. */
export function withJobOptions(command: Command, options: readonly OptionText[]): Command {
  command
    .option("-p, --parallelism <n>", "subtasks of operators that don't say otherwise", parallelismOption)
    .option("-D, --define <key=value>", "a setting; may be repeated", collect);
  for (const [flags, description] of options) command.option(flags, description);
  return command.option("-v, --verbose", "show whole stack traces, and what the engine logs");
}

/** A command that takes a job alone. */
export function jobCommand(
  output: CommandOutput,
  program: Command,
  name: string,
  options: readonly OptionText[],
): Command {
  const command = output
    .attach(program.command(name))
    .usage("<job.ts> [options] [-- arguments of the job]")
    // Optional for the parser alone, so that `--help` may stand without it.
    .argument("[job.ts]", "the job's module: a file whose default export is made by job(...)");
  return withJobOptions(command, options)
    .helpOption(false)
    .option("-h, --help", "print this help, and the job's own arguments where a job is named");
}

/** @throws MillraceError INVALID_ARGUMENT where no job is named */
export function jobRequest(
  module: string | undefined,
  options: JobOptions,
  jobArgs: readonly string[],
): JobRequest {
  if (module === undefined) throw noJob(options);
  const { parallelism, define = [], verbose = false } = options;
  return { module, parallelism, settings: define, jobArgs, verbose };
}

function noJob({ savepointOnExit }: JobOptions): MillraceError {
  const swallowed = typeof savepointOnExit === "string" && /\.[cm]?[jt]sx?$/u.test(savepointOnExit);
  return new MillraceError("INVALID_ARGUMENT", "no job is named: a path to its module was expected", {
    help: swallowed
      ? `--savepoint-on-exit took ${savepointOnExit} for its folder: write it behind the job, or --savepoint-on-exit=<folder>.`
      : "Write millrace run job.ts; millrace --help shows more.",
  });
}

/** Settings of checkpoints that have flags of their own. */
export function checkpointFlags(options: JobOptions): CheckpointFlags {
  const { savepoint, claim = false, allowNonRestoredState = false } = options;
  const { checkpointInterval, checkpointDir } = options;
  return { savepoint, claim, allowNonRestoredState, checkpointInterval, checkpointDir };
}

/** What `--savepoint-on-exit` and `--drain` say. @throws MillraceError INVALID_ARGUMENT for the second without the first */
export function savepointOnExit({
  savepointOnExit,
  drain = false,
}: JobOptions): Pick<RunRequest, "savepointOnExit" | "drain"> {
  if (!drain || savepointOnExit !== undefined) return { savepointOnExit, drain };
  throw new MillraceError("INVALID_ARGUMENT", "--drain says what a savepoint does, and none was asked for", {
    help: "Write --savepoint-on-exit --drain.",
  });
}

/** Options of `millrace run` that are for a cluster. */
export function withClusterRunOptions(command: Command): Command {
  return withClusterBuildOptions(command).option(
    "-d, --detached",
    "print the job's id, and don't wait for its end",
  );
}

/** Options of commands that may build a job in a cluster. */
export function withClusterBuildOptions(command: Command): Command {
  return command
    .option("-m, --jobmanager <address>", "in the cluster with this REST API: host:8081")
    .option("--target <local|cluster>", "where; cluster: the one that the settings name")
    .option(
      "--external <package>",
      "not to be bundled, installed on all TaskManagers; may be repeated",
      collect,
    )
    .option("--conf <folder>", "folder with config.yaml, which says where the cluster is");
}

/** What `-m`, `--target` and what goes with them say. @throws MillraceError INVALID_ARGUMENT where they don't fit together */
export function clusterRun(options: JobOptions): ClusterRun | undefined {
  const { jobmanager, target, conf, detached = false, external = [], savepointOnExit, define = [] } = options;
  if (target !== undefined && target !== "local" && target !== "cluster") {
    throw new MillraceError("INVALID_ARGUMENT", `--target is local or cluster, got ${target}`);
  }
  const named = jobmanager !== undefined || target === "cluster";
  if (named && target !== "local") {
    if (savepointOnExit === undefined) {
      return { access: { jobManager: jobmanager, conf, settings: define }, detached, externals: external };
    }
    throw new MillraceError("INVALID_ARGUMENT", "--savepoint-on-exit is for jobs of this process", {
      help: "A job of a cluster goes on when the command ends; millrace stop <job> stops it with a savepoint.",
    });
  }
  if (!named && !detached && external.length === 0 && conf === undefined) return undefined;
  throw new MillraceError(
    "INVALID_ARGUMENT",
    "-m, --detached, --external and --conf are for clusters, and the job is to run in this process",
    { help: "Add -m <address>, or --target cluster." },
  );
}

/** Help that was asked for, before or behind `--`. */
export function jobHelp(
  usage: string | undefined,
  module: string | undefined,
  { verbose = false }: JobOptions,
  jobArgs: readonly string[],
): Request | undefined {
  const behind = jobArgs.includes("--help") || jobArgs.includes("-h");
  if (module !== undefined && (usage !== undefined || behind)) {
    return { command: "jobHelp", module, usage, verbose };
  }
  return usage === undefined ? undefined : { command: "text", text: usage };
}

function parallelismOption(text: string): number {
  const value = parseParallelism(text);
  if (value === undefined) {
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_PARALLELISM}.`);
  }
  return value;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
