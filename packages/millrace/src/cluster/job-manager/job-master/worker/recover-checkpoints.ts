import { configValue } from "../../../../common/config/configuration.ts";
import { CHECKPOINT_DIR, CHECKPOINT_STORAGE } from "../../../../common/config/options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";

/**
 * Takes over the completed checkpoints of a job that was started before, and fences whoever had them: they are answered oldest first, and the
 * job goes on from the last. None where it had not come so far, or kept them in memory. What another job has claimed meanwhile stays its own.
 *
 * @throws FENCED, CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED
 */
export async function recoverCheckpoints(
  store: CheckpointStore,
  jobId: JobId,
  log: (level: "info" | "warn", message: string) => void,
): Promise<readonly CompletedCheckpoint[]> {
  await store.open(jobId, true);
  const newest = await store.newest();
  if (newest === undefined) return [];
  const claimed: CompletedCheckpoint[] = [];
  for (const checkpoint of await store.completed()) {
    const last = checkpoint.path === newest.path;
    try {
      const told = await store.claim(checkpoint);
      // That there is a newer one, of all but the last, is no news.
      if (told !== undefined && last) log("warn", told);
      claimed.push(checkpoint);
    } catch (error) {
      // Its former owner was about to remove it.
      if (last || !MillraceError.is(error, "SAVEPOINT_NOT_FOUND")) throw error;
    }
  }
  return claimed;
}

/** Of a job that had completed checkpoints, of which none is left: what its sinks committed then would come twice if it began anew. */
export function checkpointsLost(jobId: JobId, config: Readonly<Record<string, unknown>>): MillraceError {
  const folder =
    configValue(config, CHECKPOINT_STORAGE) === "jobmanager"
      ? undefined
      : configValue(config, CHECKPOINT_DIR);
  const where =
    folder === undefined
      ? "they were in the memory of its JobMaster, which has ended"
      : `there is none in ${folder} any more`;
  return new MillraceError(
    "SAVEPOINT_NOT_FOUND",
    `job ${jobId} can't go on: it had completed checkpoints, and ${where}. It is not started from its beginning, because its sinks would write again what they have committed`,
    {
      help:
        folder === undefined
          ? `Start it anew, from a savepoint where there is one, and set ${CHECKPOINT_DIR.key}: checkpoints in a folder outlive the JobMaster.`
          : "Bring the folder back, and start the JobManager again; or start the job anew, from a savepoint where there is one.",
    },
  );
}
