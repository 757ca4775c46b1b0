import { toEnvelope } from "../../../../protocol/control/error-envelope.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { StoredJob } from "../store/job-store.ts";
import { endedCommitting } from "./ended-committing.ts";
import { bareView, endedView } from "./job-views.ts";

/**
 * How a job that an earlier JobManager has left came to its end, or can only be ended; undefined: it goes on.
 *
 * @param now ms since the epoch
 */
export function endOf(job: StoredJob, now: number): JobView | undefined {
  const { submission, settled, ended, end, committing } = job;
  const view = bareView(submission, settled.jobName);
  if (ended !== undefined) return end ?? endedView(view, ended, now, undefined);
  if (committing === undefined) return undefined;
  return endedView(view, "FAILED", now, toEnvelope(endedCommitting(job)));
}
