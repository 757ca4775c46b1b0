import type { Command } from "commander";
import type { CommandOutput } from "./command-output.ts";
import { CHECK_EXAMPLES, DISPOSE_EXAMPLES, INSPECT_EXAMPLES, SAVEPOINT_EXAMPLES } from "./help-texts.ts";
import { ALLOW_NON_RESTORED, jobRequest, withJobOptions, type JobOptions } from "./job-commands.ts";
import type { Request } from "./requests.ts";

const PATH = "the savepoint's folder, or its _metadata; a checkpoint's chk-N is one, too";

/** `millrace savepoint` and its commands. */
export function savepointCommands(
  output: CommandOutput,
  program: Command,
  jobArgs: readonly string[],
  found: (request: Request) => void,
): Command {
  const savepoint = output
    .attach(program.command("savepoint"))
    .description("Take savepoints, look into them, compare them with jobs, remove them.")
    .usage("<command> [options]")
    .helpOption("-h, --help", "print this help, or that of a command")
    .helpCommand(false)
    .addHelpText("after", SAVEPOINT_EXAMPLES);

  pathCommand(output, savepoint, "inspect")
    .description("Show what a savepoint or checkpoint holds.")
    .option("--read <uid/state>", "print the entries of a state, a JSON object a line")
    .option("--json", "show it as JSON")
    .option("-v, --verbose", "show whole stack traces")
    .addHelpText("after", INSPECT_EXAMPLES)
    .action(
      (path: string, { read, json = false, verbose = false }: JobOptions & { readonly read?: string }) =>
        found({ command: "savepointInspect", path, read, json, verbose }),
    );

  const check = pathCommand(output, savepoint, "check")
    .argument("<job.ts>", "the job's module")
    .usage("<path> <job.ts> [options] [-- arguments of the job]")
    .description("Compare a job with a savepoint, without running it.");
  withJobOptions(check, [ALLOW_NON_RESTORED, ["--json", "show the result as JSON"]])
    .addHelpText("after", CHECK_EXAMPLES)
    .action((path: string, module: string, options: JobOptions) => {
      const { allowNonRestoredState = false, json = false } = options;
      const job = jobRequest(module, options, jobArgs);
      found({ command: "savepointCheck", ...job, path, allowNonRestoredState, json });
    });

  pathCommand(output, savepoint, "dispose")
    .description("Remove a savepoint: its own files, and nothing else.")
    .option("-v, --verbose", "show whole stack traces")
    .addHelpText("after", DISPOSE_EXAMPLES)
    .action((path: string, { verbose = false }: JobOptions) =>
      found({ command: "savepointDispose", path, verbose }),
    );
  return savepoint;
}

function pathCommand(output: CommandOutput, savepoint: Command, name: string): Command {
  return output
    .attach(savepoint.command(name))
    .argument("<path>", PATH)
    .helpOption("-h, --help", "print this help");
}
