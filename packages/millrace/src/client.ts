/*
 * `millrace/client`: a cluster from outside.
 */
export { connect } from "./root/connect.ts";
export type {
  ClusterClient,
  ListedJob,
  ListedLog,
  ListedTaskManager,
  LogRange,
} from "./client/cluster-client.ts";
export type { ClientTls, ConnectOptions } from "./client/connect-options.ts";
export type { RescaleOutcome } from "./client/job/rescale-job.ts";
export type { ClusterJobStatus, SubmittedJob, WaitOptions } from "./client/job/submitted-job.ts";
export type { PollOptions } from "./client/poll.ts";
export type { ClusterRestore, JobArtifact, RunOptions, SubmitOptions } from "./client/submit-options.ts";
export { MillraceError, type ErrorCode } from "./common/errors/millrace-error.ts";
export type { ArtifactHeader } from "./protocol/cluster/artifact-header.ts";
export type { CheckpointInfo, CheckpointStats } from "./protocol/rest/checkpoints.ts";
export type { Overview } from "./protocol/rest/cluster.ts";
export type { JobConfig, JobDetails, JobExceptions, Requirements } from "./protocol/rest/jobs.ts";
export type { TaskManagerDetails } from "./protocol/rest/task-managers.ts";
