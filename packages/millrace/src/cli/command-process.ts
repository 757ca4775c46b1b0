import type { Request } from "./command-line/requests.ts";
import type { CommandContext } from "./commands/command-context.ts";
import { infoCommand } from "./commands/info-command.ts";
import { jobHelpCommand } from "./commands/job-help-command.ts";
import { runCommand } from "./commands/run-command.ts";
import type { Engine } from "./engine.ts";
import { ExitCode, exitCodeOf, exitCodeOfSignal } from "./exit-code.ts";
import { JsonReporter } from "./report/json-reporter.ts";
import type { Reporter } from "./report/reporter.ts";
import { TextReporter } from "./report/text-reporter.ts";
import { finishOutput } from "./terminal/finish-output.ts";
import { OutputWatch } from "./terminal/output-watch.ts";
import { Screen } from "./terminal/screen.ts";
import { styleFor } from "./terminal/style.ts";

/**
 * Does what a command line asks for and ends the process with its exit code. The process belongs to it: standard streams, signals, errors
 * that nobody caught.
 *
 * @param read reads the command line; what it throws is told like any other error
 * @param loadEngine called once a command needs it
 */
export async function runProcess(
  read: () => Request | Promise<Request>,
  loadEngine: () => Promise<Engine>,
): Promise<never> {
  const screen = new Screen(process.stdout, process.stderr);
  const output = new OutputWatch(process.stdout, () => process.exit(exitCodeOfSignal("SIGPIPE")));
  // What can't be said is lost; the exit code remains.
  process.stderr.on("error", () => {});
  let reporter = createReporter(screen, undefined);
  process.on("uncaughtException", (error) => {
    reporter.failed(error);
    process.exit(ExitCode.FAILED);
  });
  try {
    const request = await read();
    reporter = createReporter(screen, request);
    process.exitCode = await execute(request, {
      screen,
      reporter,
      output,
      cwd: process.cwd(),
      engine: loadEngine,
    });
  } catch (error) {
    reporter.failed(error);
    process.exitCode = exitCodeOf(error);
  }
  await finishOutput();
  // What a job's module has left open is not to keep the process.
  process.exit();
}

async function execute(request: Request, context: CommandContext): Promise<number> {
  switch (request.command) {
    case "text":
      process.stdout.write(`${request.text}\n`);
      return ExitCode.OK;
    case "run":
      if (request.cluster === undefined) return runCommand(request, context);
      return (await import("./cluster/run-on-cluster.ts")).runOnCluster(request, request.cluster, context);
    case "info":
      return infoCommand(request, context);
    case "jobHelp":
      return jobHelpCommand(request, context);
    case "dev":
      return (await import("./commands/dev-command.ts")).devCommand(request, context);
    case "savepointInspect":
      return (await import("./commands/savepoint-inspect-command.ts")).savepointInspectCommand(
        request,
        context,
      );
    case "savepointCheck":
      return (await import("./commands/savepoint-check-command.ts")).savepointCheckCommand(request, context);
    case "savepointDispose":
      return (await import("./commands/savepoint-dispose-command.ts")).savepointDisposeCommand(
        request,
        context,
      );
    default:
      return (await import("./cluster/cluster-command.ts")).clusterCommand(request, context);
  }
}

function createReporter(screen: Screen, request: Request | undefined): Reporter {
  const debug = process.env["MILLRACE_DEBUG"] ?? "";
  const said = request !== undefined && "verbose" in request && request.verbose;
  const verbose = said || (debug !== "" && debug !== "0");
  const quiet = request?.command === "run" && request.quiet;
  const json = request !== undefined && (request.command === "run" || "access" in request) && request.json;
  if (json) return new JsonReporter(screen, quiet, verbose);
  const style = styleFor(screen.isTerminal, process.env);
  return new TextReporter({ screen, style, cwd: process.cwd(), quiet, verbose });
}
