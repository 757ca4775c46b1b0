import { fileURLToPath } from "node:url";
import { planModule, startProgram } from "../cluster/local/start-module.ts";
import type { JobProgram } from "../graph/stream/job-program.ts";
import type { Request } from "./command-line/requests.ts";
import { runProcess } from "./command-process.ts";

/**
 * Runs a job whose module is the process's main one (`node job.ts --input data.csv`) as `millrace run` would, with all arguments for the job
 * itself, and ends the process.
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

function requestOf({ url }: JobProgram, argv: readonly string[]): Request {
  const module = fileURLToPath(url);
  // Either way of writing it: `node job.ts --input x`, `node job.ts -- --input x`.
  const jobArgs = argv[0] === "--" ? argv.slice(1) : argv;
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
  };
}
