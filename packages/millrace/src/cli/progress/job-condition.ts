import { configValue } from "../../common/config/configuration.ts";
import { CHECKPOINT_INTERVAL } from "../../common/config/options.ts";
import type { Timestamp } from "../../common/time/timestamps.ts";
import type { LocalJob } from "../../cluster/local/local-job.ts";
import { checkpointProgress } from "./checkpoint-progress.ts";
import type { JobCondition } from "./job-progress.ts";

/**
 * How a job stands with failures at a moment.
 *
 * @param now wall-clock time, ms
 */
export function jobCondition(job: LocalJob, now: Timestamp): JobCondition {
  const statistics = job.checkpoints();
  const taken = configValue(job.streamGraph.config, CHECKPOINT_INTERVAL) !== undefined;
  return {
    restarting: job.status === "RESTARTING",
    restarts: job.restarts,
    checkpoints: taken ? checkpointProgress(statistics, now) : undefined,
  };
}
