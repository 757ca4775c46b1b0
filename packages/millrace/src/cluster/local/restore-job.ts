import { configValue } from "../../common/config/configuration.ts";
import {
  RECOVERY_ALLOW_NON_RESTORED,
  RECOVERY_CLAIM_MODE,
  RECOVERY_PATH,
} from "../../common/config/options.ts";
import type { CompletedCheckpoint } from "../../runtime/checkpoint/storage/checkpoint-store.ts";
import { adoptMaxParallelism } from "../artifact/build-job.ts";
import type { BuiltJob } from "../artifact/build-job.ts";
import type { JobRestore } from "../job-manager/job-master/job-master-options.ts";

/** What a job is to start from. */
export type RestoreFrom =
  | {
      /** A savepoint's or checkpoint's folder, or its `_metadata`. */
      readonly path: string;
      /** Default NO_CLAIM. */
      readonly claimMode?: "NO_CLAIM" | "CLAIM" | undefined;
      /** Default false. */
      readonly allowNonRestoredState?: boolean | undefined;
    }
  | {
      /** A savepoint of this process. */
      readonly checkpoint: CompletedCheckpoint;
      readonly allowNonRestoredState?: boolean | undefined;
    };

/** A job that fits what it starts from. */
export interface RestorableJob {
  readonly built: BuiltJob;
  readonly restore: JobRestore | undefined;
}

/**
 * Finds what a job is to start from, compares the two, and takes over what the job must keep of it. Nothing runs before that.
 *
 * @param from - wins over the settings `execution.state-recovery.*`
 * @throws SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED; RESTORE_REFUSED with all reasons
 */
export async function restoreJob(
  built: BuiltJob,
  from: RestoreFrom | undefined,
  log: (level: "info" | "warn" | "error", message: string) => void,
): Promise<RestorableJob> {
  const source = from ?? settingsOf(built);
  if (source === undefined) return { built, restore: undefined };
  // Most jobs start from nothing, and the sooner the better.
  const { checkedRestore } = await import("./checked-restore.ts");
  const { restore, adopted } = await checkedRestore(built, source, log);
  return { built: adoptMaxParallelism(built, adopted), restore };
}

function settingsOf({ streamGraph: { config } }: BuiltJob): RestoreFrom | undefined {
  const path = configValue(config, RECOVERY_PATH);
  if (path === undefined) return undefined;
  return {
    path,
    claimMode: configValue(config, RECOVERY_CLAIM_MODE),
    allowNonRestoredState: configValue(config, RECOVERY_ALLOW_NON_RESTORED),
  };
}
