import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { StoredJob } from "../store/job-store.ts";

/**
 * Why a job is not started again: its JobManager, or the thread of its JobMaster, ended after the job's sinks had been let commit for the last time.
 * Which of them have is not known, and to start it from an earlier checkpoint would write twice what they did.
 *
 * @param event what ended, in words
 */
export function endedCommitting(
  { submission, settled, committing }: Pick<StoredJob, "submission" | "settled" | "committing">,
  event = "the JobManager ended",
): MillraceError {
  const what = `${event} while the sinks of job "${settled.jobName}" committed their last output`;
  const { savepoint, drained = false } = committing ?? {};
  if (savepoint === undefined) {
    return new MillraceError("JOB_FAILED", `${what}: part of it may be missing`, {
      help: "It is not started again by itself, because what is committed would be written twice. Look at the output, and run the job anew if it is not whole. With periodic checkpoints, a job goes on after this.",
      details: { job: submission.jobId },
    });
  }
  const next = drained
    ? "sinks keep it where they had prepared it, but no job can be started from a savepoint that was drained"
    : "starting the job from it commits it";
  return new MillraceError("JOB_FAILED", `${what}: it was stopped with a savepoint, ${savepoint}`, {
    help: `The savepoint is whole and consistent. Part of the output that sinks had prepared for it may not be committed yet: ${next}.`,
    details: { job: submission.jobId, savepoint },
  });
}
