import { checkRestore } from "../../cluster/job-manager/restore/check-restore.ts";
import { readStoredStates } from "../../cluster/job-manager/restore/read-stored-states.ts";
import type { RestoreNotice } from "../../cluster/job-manager/restore/restore-check.ts";
import { restoreRefused } from "../../cluster/job-manager/restore/restore-refused.ts";
import type { RestoringJob } from "../../cluster/job-manager/restore/restoring-job.ts";
import type { CompletedCheckpoint } from "../../runtime/checkpoint/storage/checkpoint-store.ts";

/** What somebody can do whose change can't keep the state. */
export const CHOICES = `The job is stopped, and its state waits. Save again:
    - with the change taken back, or made as said above: the job goes on with its state
    - with another uid for the operator, if dev was started with -n: that operator starts anew
  To start without any state, end dev and start it again; --fresh-on-mismatch does so by itself.`;

/**
 * Compares a job with the savepoint that was kept in memory.
 *
 * @returns what else is to be known
 * @throws MillraceError RESTORE_REFUSED with every reason
 */
export function checkKept(
  { metadata }: CompletedCheckpoint,
  job: RestoringJob,
  allowNonRestoredState: boolean,
): readonly RestoreNotice[] {
  const check = checkRestore(metadata, job, { allowNonRestoredState, states: readStoredStates(metadata) });
  if (check.mismatches.length > 0) throw restoreRefused(job.jobGraph.jobName, undefined, check, CHOICES);
  return check.notices;
}
