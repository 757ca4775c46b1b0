import { basename, dirname, join } from "node:path";
import type { CompletedCheckpoint } from "./checkpoint-store.ts";
import type { FileSystem } from "./file-system.ts";
import { ownersOf } from "./folder-ownership.ts";
import { checkpointPlace, checkpointsIn } from "./load-checkpoint.ts";
import { nodeFileSystem } from "./node-file-system.ts";

/** What the id of a job looks like: names of files are not made of anything else. */
const JOB = /^[0-9a-f]{32}$/u;

/**
 * What somebody should know who starts a job from this checkpoint although a newer one is there: beside it, or of the job that has taken it
 * over and gone on from it. undefined where there is none, where it is a savepoint, and where nobody can say.
 *
 * @param owners the jobs that had the folder before it was taken to go on from this checkpoint; undefined: those that have it now
 * @example `const newer = await newerBeside(checkpoint); if (newer !== undefined) log("warn", newer);`
 */
export async function newerBeside(
  { metadata, path }: CompletedCheckpoint,
  fileSystem: FileSystem = nodeFileSystem,
  owners?: readonly string[],
): Promise<string | undefined> {
  if (path === undefined || metadata.kind !== "checkpoint") return undefined;
  const folder = dirname(path);
  try {
    const newest = (await checkpointsIn(fileSystem, folder)).at(-1);
    if (newest !== undefined && newest !== path && checkpointPlace(basename(path)) !== undefined)
      return warning(metadata.checkpointId, `a newer one is complete beside it: ${newest}`);
    for (const job of owners ?? (await ownersOf(fileSystem, folder))) {
      const next =
        job !== metadata.jobId && JOB.test(job)
          ? (await checkpointsIn(fileSystem, join(dirname(folder), job))).at(-1)
          : undefined;
      if (next !== undefined)
        return warning(
          metadata.checkpointId,
          `job ${job} was started from it, or from one beside it, and has gone on: ${next}`,
        );
    }
    return undefined;
  } catch {
    // Only a warning.
    return undefined;
  }
}

const warning = (id: number, newer: string): string =>
  `checkpoint ${id} is not the newest: ${newer}. What sinks committed after checkpoint ${id} is written again`;
