import { Command, CommanderError, InvalidArgumentError } from "commander";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { INFO_EXAMPLES, PROGRAM_EXAMPLES, RUN_EXAMPLES, settingsHelp } from "./help-texts.ts";
import { MAX_PARALLELISM, parseParallelism } from "./parse-plain-run.ts";
import type { JobRequest, Request } from "./requests.ts";
import { usageError } from "./usage-error.ts";

/** Columns that help is written for. */
const HELP_WIDTH = 100;

/** What commander gives an action of a command that takes a job. */
interface JobOptions {
  readonly parallelism?: number;
  readonly define?: readonly string[];
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly help?: boolean;
}

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

  const output = new Output();
  let request: Request | undefined;
  const program = createProgram(output, jobArgs, (it) => (request = it));
  if (own.length === 0) return { command: "text", text: output.helpOf(program) };
  try {
    program.parse(own, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(error.message, error.code, own);
  }
  return request ?? { command: "text", text: output.text };
}

/** `help run` means `run --help`. */
function helpFlag(argv: readonly string[]): readonly string[] {
  return argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
}

/** What commander would print. */
class Output {
  #text = "";

  get text(): string {
    return this.#text.trimEnd();
  }

  attach(command: Command): Command {
    return command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => (this.#text += text),
        // Errors are thrown as well.
        writeErr: () => {},
        outputError: () => {},
        getOutHelpWidth: () => HELP_WIDTH,
        getOutHasColors: () => false,
      })
      .configureHelp({ subcommandTerm: (it) => `${it.name()} <job.ts>` });
  }

  helpOf(command: Command): string {
    this.#text = "";
    command.outputHelp();
    return this.text;
  }
}

function createProgram(
  output: Output,
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

  jobCommand(output, program, "run", [
    ["-q, --quiet", "show neither progress nor summary"],
    ["--json", "show progress, summary and errors as JSON lines, on standard error"],
  ])
    .description("Run a job in this process: one worker thread for each slot.")
    .addHelpText("after", `${RUN_EXAMPLES}${settingsHelp()}`)
    .action(take((job, { quiet = false, json = false }) => ({ command: "run", ...job, quiet, json })));

  jobCommand(output, program, "info", [["--json", "show it as JSON"]])
    .description("Show the plan of a job without running it.")
    .addHelpText("after", INFO_EXAMPLES)
    .action(take((job, { json = false }) => ({ command: "info", ...job, json })));
  return program;
}

/** A command that takes a job, with the options that all of them have. */
function jobCommand(
  output: Output,
  program: Command,
  name: string,
  options: readonly (readonly [flags: string, description: string])[],
): Command {
  const command = output
    .attach(program.command(name))
    .usage("<job.ts> [options] [-- arguments of the job]")
    // Optional for the parser alone, so that `--help` may stand without it.
    .argument("[job.ts]", "the job's module: a file whose default export is made by job(...)")
    .option("-p, --parallelism <n>", "subtasks of operators that don't say otherwise", parallelismOption)
    .option("-D, --define <key=value>", "a setting; may be repeated", collect);
  for (const [flags, description] of options) command.option(flags, description);
  return command
    .option("-v, --verbose", "show whole stack traces, and what the engine logs")
    .helpOption(false)
    .option("-h, --help", "print this help, and the job's own arguments where a job is named");
}

function jobRequest(module: string | undefined, options: JobOptions, jobArgs: readonly string[]): JobRequest {
  if (module === undefined) {
    throw new MillraceError("INVALID_ARGUMENT", "no job is named: a path to its module was expected", {
      help: "Write millrace run job.ts; millrace --help shows more.",
    });
  }
  const { parallelism, define = [], verbose = false } = options;
  return { module, parallelism, settings: define, jobArgs, verbose };
}

/** Help that was asked for, before or behind `--`. */
function jobHelp(
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
