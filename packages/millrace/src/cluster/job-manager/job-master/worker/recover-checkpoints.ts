import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../../common/ids/ids.ts";
import type {
  CheckpointStore,
  CompletedCheckpoint,
} from "../../../../runtime/checkpoint/storage/checkpoint-store.ts";

/**
 * Takes over the completed checkpoints of a job that was started before, and fences whoever had them: they are answered oldest first, and the
 * job goes on from the last. None where it had not come so far, or keeps them in memory. What another job has claimed meanwhile stays its own.
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
