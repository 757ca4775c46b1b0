import { parseConfig } from "../../../../common/config/configuration.ts";
import { CHECKPOINT_DIR, CHECKPOINT_STORAGE, PARALLELISM } from "../../../../common/config/options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { JobProgram } from "../../../../graph/stream/job-program.ts";
import type { JobMasterTask } from "../../../../protocol/cluster/job-master-messages.ts";
import type { JobSubmission, SettledJob } from "../../../../protocol/cluster/job-submission.ts";
import { buildJob, settleGraph } from "../../../artifact/build-job.ts";
import type { BuiltJob } from "../../../artifact/build-job.ts";
import { loadJob } from "../../../artifact/load-job.ts";
import { refuseCollecting } from "../../../artifact/refuse-collecting.ts";

/** Loads the program of a job's artifact into this thread. @throws JOB_MODULE_INVALID */
export async function loadProgram({ submission, artifactUrl }: JobMasterTask): Promise<JobProgram> {
  return loadJob({ url: artifactUrl, originalUrl: submission.artifact.originalUrl });
}

/** Builds a job for the first time. @throws as its builder; UNKNOWN_OPTION, INVALID_OPTION; INVALID_GRAPH for what a cluster can't do */
export function firstBuild(program: JobProgram, { args, config, parallelism }: JobSubmission): BuiltJob {
  const settings = parseConfig(config);
  const built = buildJob(program, {
    args,
    config: parallelism === undefined ? settings : { ...settings, [PARALLELISM.key]: parallelism },
    // The cores of the JobManager's machine say nothing about those of the TaskManagers.
    defaultParallelism: 1,
  });
  refuseCollecting(built.streamGraph);
  return built;
}

/** The job with a folder for its checkpoints where neither its program nor its settings say where they go. */
export function withCheckpointDirectory(built: BuiltJob, directory: string | undefined): BuiltJob {
  const { config } = built;
  if (directory === undefined || config[CHECKPOINT_DIR.key] !== undefined) return built;
  if (config[CHECKPOINT_STORAGE.key] === "jobmanager") return built;
  return { ...built, config: { ...config, [CHECKPOINT_DIR.key]: directory } };
}

/** Builds a job as it was settled. @throws as its builder; JOB_NOT_DETERMINISTIC */
export function buildAgain(program: JobProgram, settled: SettledJob): BuiltJob {
  const { args, config, captured, fingerprint, jobName } = settled;
  const streamGraph = program.buildStreamGraph({ args, config, captured });
  const built = { ...settleGraph(streamGraph, 1), args };
  if (built.jobGraph.fingerprint === fingerprint) return built;
  throw new MillraceError(
    "JOB_NOT_DETERMINISTIC",
    `job "${jobName}" built another graph than when it was submitted`,
    {
      help: "A job's builder must give the same graph each time: take what differs (time, environment, files) as arguments, or through env.capture(name, () => value).",
    },
  );
}

/** What must stay the same when the job is built again. */
export const settledOf = ({ streamGraph, jobGraph, args, config }: BuiltJob): SettledJob => ({
  jobName: jobGraph.jobName,
  args,
  captured: streamGraph.captured,
  config,
  fingerprint: jobGraph.fingerprint,
});
