import { describeMismatch } from "../../cluster/job-manager/restore/restore-mismatch.ts";
import type { ToldCheck } from "./check-text.ts";

/** A comparison as JSON: `fits`, `newer` where the checkpoint is not the newest, and every mismatch with a `message` besides its parts. */
export function checkJson({ jobName, path, metadata, check, newer }: ToldCheck): string {
  const { mismatches, notices, unchecked } = check;
  return JSON.stringify(
    {
      fits: mismatches.length === 0,
      job: jobName,
      savepoint: { path, job: metadata.jobName, jobId: metadata.jobId, checkpointId: metadata.checkpointId },
      newer: newer ?? null,
      mismatches: mismatches.map((mismatch) => ({
        ...mismatch,
        operator: mismatch.operator ?? null,
        uid: mismatch.uid ?? null,
        state: mismatch.state ?? null,
        path: mismatch.path ?? null,
        message: describeMismatch(mismatch),
      })),
      notices: notices.map((notice) => ({ ...notice, state: notice.state ?? null })),
      unchecked: unchecked.map((notice) => ({ ...notice, state: notice.state ?? null })),
    },
    null,
    2,
  );
}
