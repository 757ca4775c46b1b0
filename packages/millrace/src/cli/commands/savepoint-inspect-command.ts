import type { SavepointInspectRequest } from "../command-line/requests.ts";
import { ExitCode, exitCodeOfSignal } from "../exit-code.ts";
import { describeSavepoint } from "../savepoint/describe-savepoint.ts";
import { descriptionText } from "../savepoint/description-text.ts";
import { openSavepoint } from "../savepoint/open-savepoint.ts";
import { readState } from "../savepoint/read-state.ts";
import { writeLines } from "../savepoint/write-lines.ts";
import { styleFor } from "../terminal/style.ts";
import type { CommandContext } from "./command-context.ts";

/** Prints what a savepoint holds, or the entries of one of its states, on standard output. */
export async function savepointInspectCommand(
  { path: named, read, json }: SavepointInspectRequest,
  { cwd, output }: CommandContext,
): Promise<number> {
  const { metadata, path } = await openSavepoint(named, cwd);
  if (read !== undefined) {
    await writeLines(readState(metadata, read), process.stdout, () => output.closed);
    return output.closed ? exitCodeOfSignal("SIGPIPE") : ExitCode.OK;
  }
  const description = describeSavepoint(metadata, path);
  const text = json
    ? JSON.stringify(description, null, 2)
    : descriptionText(description, cwd, styleFor(process.stdout.isTTY, process.env));
  process.stdout.write(`${text}\n`);
  return ExitCode.OK;
}
