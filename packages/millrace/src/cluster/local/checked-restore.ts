import { adoptableMaxParallelism } from "../job-manager/restore/adopt-max-parallelism.ts";
import type { AdoptedMaxParallelism } from "../job-manager/restore/adopt-max-parallelism.ts";
import { checkRestore } from "../job-manager/restore/check-restore.ts";
import { readStoredStates } from "../job-manager/restore/read-stored-states.ts";
import { restoreRefused } from "../job-manager/restore/restore-refused.ts";
import type { JobRestore } from "../job-manager/job-master/job-master-options.ts";
import { loadCheckpoint } from "../../runtime/checkpoint/storage/load-checkpoint.ts";
import { newerBeside } from "../../runtime/checkpoint/storage/newer-beside.ts";
import type { BuiltJob } from "../artifact/build-job.ts";
import type { RestoreFrom } from "./restore-job.ts";

/**
 * Reads what a job is to start from, and compares the two.
 *
 * @throws as `restoreJob`
 */
export async function checkedRestore(
  built: BuiltJob,
  from: RestoreFrom,
  log: (level: "info" | "warn" | "error", message: string) => void,
): Promise<{ readonly restore: JobRestore; readonly adopted: AdoptedMaxParallelism }> {
  const checkpoint = "checkpoint" in from ? from.checkpoint : await loadCheckpoint(from.path);
  const { metadata, path } = checkpoint;
  const states = readStoredStates(metadata);
  const check = checkRestore(metadata, built, {
    states,
    allowNonRestoredState: from.allowNonRestoredState,
  });
  if (check.mismatches.length > 0) throw restoreRefused(built.jobGraph.jobName, path, check);
  log(
    "info",
    `starting from ${metadata.kind} ${metadata.checkpointId}${path === undefined ? "" : `, ${path}`}`,
  );
  const claim = "path" in from && from.claimMode === "CLAIM";
  // Who claims it looks again, once its former owner is out of the way.
  const newer = claim ? undefined : await newerBeside(checkpoint);
  if (newer !== undefined) log("warn", newer);
  for (const { kind, operator, text } of check.notices)
    log(kind === "dropped" || kind === "source-input" ? "warn" : "info", `operator "${operator}" ${text}`);
  return {
    restore: { checkpoint, claim },
    adopted: adoptableMaxParallelism(metadata),
  };
}
