import { Command, CommanderError } from "commander";
import { clusterCommands, savepointTriggerCommand } from "./cluster-commands.ts";
import { CommandOutput } from "./command-output.ts";
import { DEV_EXAMPLES, INFO_EXAMPLES, PROGRAM_EXAMPLES, RUN_EXAMPLES } from "./help-texts.ts";
import {
  CHECKPOINT_OPTIONS,
  checkpointFlags,
  clusterRun,
  jobCommand,
  jobHelp,
  jobRequest,
  savepointOnExit,
  withClusterBuildOptions,
  withClusterRunOptions,
  type JobOptions,
} from "./job-commands.ts";
import type { JobRequest, Request } from "./requests.ts";
import { savepointCommands } from "./savepoint-commands.ts";
import { settingsHelp } from "./settings-help.ts";
import { usageError } from "./usage-error.ts";

/**
 * Reads a command line.
 *
 * @param argv the arguments, without the program's own name
 * @param version of the package
 * @throws MillraceError UNKNOWN_OPTION for a flag that doesn't exist, INVALID_ARGUMENT for whatever else is wrong
 */
export function parseCommandLine(argv: readonly string[], version: () => string): Request {
  // What stands after the first "--" belongs to the job, whatever it looks like.
  const end = argv.indexOf("--");
  const own = helpFlag(end < 0 ? argv : argv.slice(0, end));
  const jobArgs = end < 0 ? [] : argv.slice(end + 1);
  if (own.length === 1 && (own[0] === "--version" || own[0] === "-V"))
    return { command: "text", text: version() };

  const output = new CommandOutput();
  let request: Request | undefined;
  const program = createProgram(output, jobArgs, (it) => (request = it));
  if (own.length === 0) return { command: "text", text: output.helpOf(program) };
  if (own.length === 1 && (own[0] === "savepoint" || own[0] === "cluster")) own.push("--help");
  // A job's id in place of a command: no command looks like one.
  if (own[0] === "savepoint" && /^[0-9a-f]{4,32}$/u.test(own[1] ?? "")) own.splice(1, 0, "trigger");
  try {
    program.parse(own, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(error.message, error.code, own);
  }
  return request ?? { command: "text", text: output.text };
}

/** `help run` means `run --help`. */
function helpFlag(argv: readonly string[]): string[] {
  return argv[0] === "help" ? [...argv.slice(1), "--help"] : [...argv];
}

function createProgram(
  output: CommandOutput,
  jobArgs: readonly string[],
  found: (request: Request) => void,
): Command {
  const program = output
    .attach(new Command("millrace"))
    .description("A native, stateful stream processor for TypeScript.")
    .usage("<command> [options]")
    .option("-V, --version", "print the version")
    .helpOption("-h, --help", "print this help, or that of a command")
    .helpCommand(false)
    .addHelpText("after", PROGRAM_EXAMPLES);

  const take =
    (make: (job: JobRequest, options: JobOptions) => Request) =>
    (module: string | undefined, options: JobOptions, command: Command): void => {
      const help = options.help === true ? output.helpOf(command) : undefined;
      found(jobHelp(help, module, options, jobArgs) ?? make(jobRequest(module, options, jobArgs), options));
    };

  withClusterRunOptions(
    jobCommand(output, program, "run", [
      ...CHECKPOINT_OPTIONS,
      ["--savepoint-on-exit [folder]", "Ctrl-C and SIGTERM stop the job with a savepoint"],
      ["--drain", "that savepoint ends the input for good: all windows and timers fire"],
      ["-q, --quiet", "show neither progress nor summary"],
      ["--json", "show progress, summary and errors as JSON lines, on standard error"],
    ]),
  )
    .description("Run a job in this process, one worker thread for each slot, or in a cluster.")
    .addHelpText("after", `${RUN_EXAMPLES}${settingsHelp()}`)
    .action(
      take((job, options) => ({
        command: "run",
        ...job,
        quiet: options.quiet ?? false,
        json: options.json ?? false,
        checkpoints: checkpointFlags(options),
        ...savepointOnExit(options),
        cluster: clusterRun(options),
      })),
    );

  jobCommand(output, program, "dev", [
    ...CHECKPOINT_OPTIONS,
    ["--fresh-on-mismatch", "start without state where a change can't keep it"],
  ])
    .description("Run a job, and restart it with its state whenever its files are saved.")
    .addHelpText("after", DEV_EXAMPLES)
    .action(
      take((job, options) => ({
        command: "dev",
        ...job,
        checkpoints: checkpointFlags(options),
        freshOnMismatch: options.freshOnMismatch ?? false,
      })),
    );

  withClusterBuildOptions(jobCommand(output, program, "info", [["--json", "show it as JSON"]]))
    .description("Show the plan of a job without running it.")
    .addHelpText("after", INFO_EXAMPLES)
    .action(
      take((job, options) => ({
        command: "info",
        ...job,
        json: options.json === true,
        cluster: clusterRun(options),
      })),
    );

  const savepoint = savepointCommands(output, program, jobArgs, found);
  savepointTriggerCommand(output, savepoint, found);
  clusterCommands(output, program, found);
  return program;
}
