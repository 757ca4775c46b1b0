import type { JobMasterTask } from "../../../../protocol/cluster/job-master-messages.ts";
import type { StoredJob } from "../store/job-store.ts";
import type { ClusterStore } from "../store/open-store.ts";

/** What the thread of a JobMaster is to do that runs a job. */
export type RunTask = Extract<JobMasterTask, { readonly kind: "run" }>;

/** Lets a thread go on with a job that was accepted before, by this or an earlier JobManager. @throws NOT_FOUND where its artifact is gone */
export function resumeTask(
  { submission, settled, requirements, checkpointed, history }: StoredJob,
  { artifacts, leadership }: Pick<ClusterStore, "artifacts" | "leadership">,
): RunTask {
  return {
    kind: "run",
    submission,
    artifactUrl: artifacts.url(submission.artifact.sha256),
    settled,
    epoch: leadership.epoch,
    recovering: true,
    requirements,
    checkpointed,
    history,
  };
}
