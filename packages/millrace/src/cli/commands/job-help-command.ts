import type { JobHelpRequest } from "../command-line/requests.ts";
import { ExitCode } from "../exit-code.ts";
import { jobModuleUrl } from "../job-module.ts";
import type { CommandContext } from "./command-context.ts";
import { jobHelp } from "./job-help.ts";

/** Prints what a job says of itself, below the command's own help where that was asked for. */
export async function jobHelpCommand(
  { module, usage }: JobHelpRequest,
  context: CommandContext,
): Promise<number> {
  const url = await jobModuleUrl(module, context.cwd);
  const { program } = await context.engine();
  const own = jobHelp(await program(url));
  process.stdout.write(`${usage === undefined ? "" : `${usage}\n\n`}${own}\n`);
  return ExitCode.OK;
}
