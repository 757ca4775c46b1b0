import type { SavepointDisposeRequest } from "../command-line/requests.ts";
import { showPath } from "../errors/user-frames.ts";
import { ExitCode } from "../exit-code.ts";
import { countOf, formatBytes } from "../format/numbers.ts";
import { disposeSavepoint } from "../savepoint/dispose-savepoint.ts";
import { openSavepoint } from "../savepoint/open-savepoint.ts";
import { removalByHand } from "../savepoint/removal-by-hand.ts";
import type { CommandContext } from "./command-context.ts";

/** Removes a savepoint, and says on standard output what is gone; of one that can't be read, what can be done by hand. */
export async function savepointDisposeCommand(
  request: SavepointDisposeRequest,
  { cwd }: CommandContext,
): Promise<number> {
  const savepoint = await openSavepoint(request.path, cwd).catch(async (error: unknown) => {
    throw await removalByHand(error, request.path, cwd);
  });
  const { files, bytes, emptied } = await disposeSavepoint(savepoint);
  const rest = emptied ? "" : "; its folder stays, something else is in it";
  process.stdout.write(
    `removed savepoint ${savepoint.metadata.checkpointId} of "${savepoint.metadata.jobName}", ${showPath(savepoint.path, cwd)}: ${countOf(files, "file")}, ${formatBytes(bytes)} of state${rest}\n`,
  );
  return ExitCode.OK;
}
