import { hostname } from "node:os";
import type { LocalJob } from "../../cluster/local/local-job.ts";
import { configValue } from "../../common/config/configuration.ts";
import { CHECKPOINT_DIR, CHECKPOINT_STORAGE, RECOVERY_PATH } from "../../common/config/options.ts";
import { showPath } from "../errors/user-frames.ts";

/**
 * What somebody should know who starts a job from nothing although an earlier run of it has left checkpoints: after a `kill -9` the same
 * command begins anew. undefined where there are none, and where nobody can say.
 */
export async function leftCheckpoints(
  { jobId, jobName, streamGraph: { config } }: Pick<LocalJob, "jobId" | "jobName" | "streamGraph">,
  cwd: string,
): Promise<string | undefined> {
  const directory = configValue(config, CHECKPOINT_DIR);
  if (directory === undefined || configValue(config, RECOVERY_PATH) !== undefined) return undefined;
  if (configValue(config, CHECKPOINT_STORAGE) === "jobmanager") return undefined;
  // Most jobs need it not.
  const { leftBehind } = await import("../../runtime/checkpoint/storage/left-behind.ts");
  const left = await leftBehind(
    directory,
    { jobId, jobName },
    ({ host, pid }) => host === hostname() && isAlive(pid),
  );
  if (left?.path === undefined) return undefined;
  return (
    `the job begins anew, and an earlier run of it has left checkpoints: ` +
    `-s ${showPath(left.path, cwd)} --claim goes on from the last; to be rid of them, remove the folder around it`
  );
}

/** Another process may have the number by now: then nothing is told, which does no harm. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
