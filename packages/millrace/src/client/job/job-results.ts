import { MillraceError, type ErrorCode } from "../../common/errors/millrace-error.ts";
import type { JobDetails, JobExceptions } from "../../protocol/rest/jobs.ts";
import type { SerializedFailure } from "../../protocol/rest/operations.ts";

/** States that a job does not leave. */
const ENDS: ReadonlySet<string> = new Set(["FINISHED", "CANCELED", "FAILED"]);

/** Whether a job has come to its end. */
export const hasEnded = (status: JobDetails["state"]): boolean => ENDS.has(status);

/** What the cluster tells of a failure, as an error of ours. */
export function failureOf(failure: SerializedFailure, fallback: ErrorCode): MillraceError {
  // The message may have several lines: what the record was.
  const [, message = "", stack = ""] =
    /^(.*?)((?:\n {4}at |\nCaused by: ).*)?$/su.exec(failure["stack-trace"]) ?? [];
  const code = (/^[A-Z][A-Z_]+$/u.test(failure.class) ? failure.class : fallback) as ErrorCode;
  const { help } = failure;
  const error = new MillraceError(
    code,
    message.replace(/^(?:MillraceError|Error): /u, ""),
    help === undefined ? {} : { help },
  );
  if (stack !== "") error.stack = failure["stack-trace"];
  return error;
}

/** What failed a job, as an error of ours. */
export function jobFailure(job: JobDetails, { exceptionHistory }: JobExceptions): MillraceError {
  const [root] = exceptionHistory.entries;
  const cause =
    root === undefined
      ? undefined
      : failureOf(
          {
            class: root.exceptionName,
            "stack-trace": root.stacktrace,
            "serialized-throwable": "",
            ...(root.help === undefined ? {} : { help: root.help }),
          },
          "JOB_FAILED",
        );
  const text = cause === undefined ? "" : `: ${cause.message}`;
  return new MillraceError("JOB_FAILED", `job "${job.name}" (${job.jid}) failed${text}`, {
    cause,
    details: { jobId: job.jid, ...(root?.taskName == null ? {} : { task: root.taskName }) },
  });
}
