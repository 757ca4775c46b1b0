import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { JobDetails } from "../../protocol/rest/jobs.ts";

/** The cluster had the job, and has it no longer. @param cause what it answered */
export const jobLost = (id: string, address: string, cause?: unknown): MillraceError =>
  new MillraceError(
    "JOB_LOST",
    `the JobManager at ${address} no longer knows job ${id}: how it ended, if it has, is not known`,
    {
      cause,
      help: "A JobManager that was started anew knows the jobs of the one before only with high-availability.type: filesystem. Without, they ended with it. Look at the job's output, and at its last checkpoint or savepoint, before it is run again.",
      details: { jobId: id },
    },
  );

/** The cluster knows the job, but nothing of what was asked of it. */
export const operationLost = (
  what: string,
  id: string,
  state: JobDetails["state"],
  cause: unknown,
): MillraceError =>
  new MillraceError(
    "OPERATION_LOST",
    `what became of the ${what} of job ${id} is not known: the JobManager was replaced, or has forgotten it; the job is ${state}`,
    {
      cause,
      help: "millrace status shows the job and its last checkpoints and savepoints.",
      details: { jobId: id, state },
    },
  );
