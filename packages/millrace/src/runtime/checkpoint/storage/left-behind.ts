import { join } from "node:path";
import type { CompletedCheckpoint } from "./checkpoint-store.ts";
import type { FileSystem } from "./file-system.ts";
import type { OwnerProcess } from "./folder-owner.ts";
import { lastOwnerOf } from "./folder-ownership.ts";
import { namesIn } from "./folders.ts";
import { checkpointsIn, loadCheckpoint } from "./load-checkpoint.ts";
import { nodeFileSystem } from "./node-file-system.ts";

/** What the folder of a job's checkpoints is called: its id. */
const JOB = /^[0-9a-f]{32}$/u;

/** How many folders of jobs are looked into: a hint is not worth more. */
const MAX_LOOKED_INTO = 100;

/** A job that starts from nothing. */
export interface StartingJob {
  readonly jobId: string;
  readonly jobName: string;
}

/**
 * The newest checkpoint that an earlier run of a job has left in a folder of checkpoints: one of the same name, whose process is gone. Somebody
 * who starts the job again after a `kill -9` may have meant to go on from it. undefined where there is none, and where nobody can say.
 *
 * @param directory `execution.checkpointing.dir`
 * @param isAlive whether a process that owned checkpoints goes on, as far as can be seen from here
 * @example `const left = await leftBehind("/checkpoints", job, isAlive); if (left !== undefined) log("warn", left.path);`
 */
export async function leftBehind(
  directory: string,
  { jobId, jobName }: StartingJob,
  isAlive: (owner: OwnerProcess) => boolean,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<CompletedCheckpoint | undefined> {
  let newest: CompletedCheckpoint | undefined;
  const jobs = (await namesIn(fileSystem, directory).catch(() => [])).filter((name) => JOB.test(name));
  for (const name of jobs.slice(0, MAX_LOOKED_INTO)) {
    if (name === jobId) continue;
    try {
      const folder = join(directory, name);
      const last = (await checkpointsIn(fileSystem, folder)).at(-1);
      if (last === undefined) continue;
      const owner = await lastOwnerOf(fileSystem, folder);
      if (owner !== undefined && isAlive(owner)) continue;
      const found = await loadCheckpoint(last, fileSystem);
      if (found.metadata.jobName !== jobName) continue;
      if (newest === undefined || found.metadata.completedAt > newest.metadata.completedAt) newest = found;
    } catch {
      // Damaged, of another version, or gone meanwhile: it is only a hint.
    }
  }
  return newest;
}
