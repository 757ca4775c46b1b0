import { configValue, type Config } from "../../common/config/configuration.ts";
import { CHECKPOINT_INTERVAL, RECOVERY_PATH } from "../../common/config/options.ts";
import type { CheckpointFlags } from "../command-line/requests.ts";

/**
 * Flags that were given and do nothing, because what they speak of was not asked for: neither on the command line nor by the job.
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
  return unused;
}
