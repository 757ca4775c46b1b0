import { fileURLToPath } from "node:url";
import { planModule, startProgram } from "../cluster/local/start-module.ts";
import type { JobProgram } from "../graph/stream/job-program.ts";
import { NO_CHECKPOINT_FLAGS, type Request } from "./command-line/requests.ts";
import { runProcess } from "./command-process.ts";

/**
 * Runs a job whose module is the process's main one (`node job.ts --input data.csv`) as `millrace run` would, and ends the process. All
 * arguments are the job's own; what stands before a `--`, and a line that begins with a short flag, is for Millrace:
 * `node job.ts -s savepoints/savepoint-1a2b3c -- --input data.csv`.
 *
 * @param argv without the program's own name
 */
export function runMain(program: JobProgram, argv: readonly string[]): Promise<never> {
  return runProcess(
    () => requestOf(program, argv),
    async () => ({
      program: async () => program,
      plan: planModule,
      start: (_url, options) => startProgram(program, options),
    }),
  );
}

async function requestOf({ url }: JobProgram, argv: readonly string[]): Promise<Request> {
  const module = fileURLToPath(url);
  const { own, jobArgs } = divide(argv);
  if (own.length > 0) {
    const { parseCommandLine } = await import("./command-line/parse-command-line.ts");
    const { packageVersion } = await import("./version.ts");
    return parseCommandLine(["run", module, ...own, "--", ...jobArgs], packageVersion);
  }
  if (jobArgs.includes("--help") || jobArgs.includes("-h")) {
    return { command: "jobHelp", module, usage: undefined, verbose: false };
  }
  return {
    command: "run",
    module,
    parallelism: undefined,
    settings: [],
    jobArgs,
    verbose: false,
    quiet: false,
    json: false,
    checkpoints: NO_CHECKPOINT_FLAGS,
    savepointOnExit: undefined,
    drain: false,
    cluster: undefined,
  };
}

/** What is for Millrace, and what for the job. A job's own arguments have long names only. */
function divide(argv: readonly string[]): {
  readonly own: readonly string[];
  readonly jobArgs: readonly string[];
} {
  const end = argv.indexOf("--");
  if (end >= 0) return { own: argv.slice(0, end), jobArgs: argv.slice(end + 1) };
  const [first] = argv;
  const short = first !== undefined && first !== "-h" && /^-[^-]/u.test(first);
  return short ? { own: argv, jobArgs: [] } : { own: [], jobArgs: argv };
}
