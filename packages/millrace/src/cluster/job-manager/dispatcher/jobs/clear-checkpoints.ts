import { join } from "node:path";
import type { Clock } from "../../../../common/clock/clock.ts";
import { configValue } from "../../../../common/config/configuration.ts";
import { CHECKPOINT_DIR } from "../../../../common/config/options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobSubmission, SettledJob } from "../../../../protocol/cluster/job-submission.ts";
import type { FileSystem } from "../../../../runtime/checkpoint/storage/file-system.ts";
import { absoluteFolder, namesIn } from "../../../../runtime/checkpoint/storage/folders.ts";
import { createStore } from "../../../local/create-store.ts";
import type { Log } from "../../../logging/log.ts";
import { checkpointSettings } from "../../job-master/checkpoints/checkpoint-settings.ts";
import { CheckpointStorage } from "../../job-master/checkpoints/checkpoint-storage.ts";
import { recoverCheckpoints } from "../../job-master/worker/recover-checkpoints.ts";
import type { FinalStatus } from "./job-host-options.ts";

/** A job that has ended, whose JobMaster is no more. */
export interface EndedJob {
  readonly submission: Pick<JobSubmission, "jobId" | "submittedAt">;
  readonly settled: Pick<SettledJob, "config">;
  readonly status: FinalStatus;
  /** Of the JobManager's leadership: what a later one has is not touched. */
  readonly epoch: number;
}

/**
 * Does what a JobMaster did not live to do after the end of its job: removes its checkpoints, but for those that its retention keeps, and what
 * was left over beside them. What another job has claimed stays.
 *
 * @returns whether that is done with, for good; false: its storage is not there now. Never rejects
 */
export async function clearCheckpoints(
  { submission: { jobId, submittedAt }, settled: { config }, status, epoch }: EndedJob,
  { clock, log, fileSystem }: { readonly clock: Clock; readonly log: Log; readonly fileSystem: FileSystem },
): Promise<boolean> {
  try {
    const settings = checkpointSettings(config);
    const directory = configValue(config, CHECKPOINT_DIR);
    if (!settings.inFiles || directory === undefined) return true;
    const folder = join(absoluteFolder(directory), jobId);
    if ((await namesIn(fileSystem, folder)).length === 0) return true;
    const store = await createStore(config, { epoch, submittedAt });
    const all = await recoverCheckpoints(store, jobId, () => {});
    // Those before the last ones were about to go.
    for (const surplus of all.slice(0, Math.max(0, all.length - settings.retained)))
      await store.discard(surplus);
    const storage = new CheckpointStorage(
      {
        settings,
        clock,
        openStore: () => Promise.resolve(store),
        log: (level, message) => log(level, `job ${jobId}: ${message}`),
      },
      all.slice(-settings.retained),
    );
    await storage.open();
    await storage.close(status, () => Promise.resolve(true), 0);
    return true;
  } catch (error) {
    log("warn", `job ${jobId}: what is left of its checkpoints is not removed`, error);
    return !MillraceError.is(error, "CHECKPOINT_STORAGE_FAILED");
  }
}
