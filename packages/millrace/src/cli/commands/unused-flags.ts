import { restartStrategy } from "../../cluster/job-manager/job-master/restart/restart-settings.ts";
import { configValue, type Config } from "../../common/config/configuration.ts";
import { CHECKPOINT_INTERVAL, RECOVERY_PATH, RESTART_STRATEGY } from "../../common/config/options.ts";
import type { CheckpointFlags } from "../command-line/requests.ts";

/**
 * Flags and settings that were given and do nothing, because what they speak of was not asked for: neither on the command line nor by the job.
 *
 * @param config the job's settings, with those of the command line
 * @example `--checkpoint-dir /srv/checkpoints` without `--checkpoint-interval`
 */
export function unusedFlags(flags: CheckpointFlags, config: Config): readonly string[] {
  const { checkpointDir, claim } = flags;
  const unused: string[] = [];
  if (checkpointDir !== undefined && configValue(config, CHECKPOINT_INTERVAL) === undefined)
    unused.push("--checkpoint-dir is given, but no checkpoints are taken: add --checkpoint-interval");
  if (claim && configValue(config, RECOVERY_PATH) === undefined)
    unused.push("--claim is given, but the job starts from nothing: add -s");
  if (configValue(config, RESTART_STRATEGY) === undefined) unused.push(...unusedNumbers(config));
  return unused;
}

/** Of a job that names no restart strategy: the first number of one that it doesn't have. The others would say no more. */
function unusedNumbers(config: Config): readonly string[] {
  const { kind } = restartStrategy(config);
  for (const key of Object.keys(config)) {
    const strategy = STRATEGY.exec(key)?.[1];
    if (strategy !== undefined && strategy !== kind)
      return [
        `${key} is given, but the job's restart strategy is ${kind}: add -D ${RESTART_STRATEGY.key}=${strategy}`,
      ];
  }
  return [];
}

/** Numbers of a restart strategy, and which one it is. */
const STRATEGY = /^restart-strategy\.([a-z-]+)\./u;
