import { resolve } from "node:path";
import { parseConfig, parseConfigArguments, type Config } from "../../common/config/configuration.ts";
import {
  CHECKPOINT_DIR,
  CHECKPOINT_INTERVAL,
  RECOVERY_ALLOW_NON_RESTORED,
  RECOVERY_CLAIM_MODE,
  RECOVERY_PATH,
} from "../../common/config/options.ts";
import type { CheckpointFlags, JobRequest } from "../command-line/requests.ts";

/**
 * The settings that a command line gives: flags of their own win over `-D`. Folders are relative to `cwd`.
 *
 * @throws MillraceError UNKNOWN_OPTION, INVALID_OPTION
 */
export function requestConfig(
  { settings }: Pick<JobRequest, "settings">,
  checkpoints: CheckpointFlags,
  cwd: string,
): Config {
  const { savepoint, claim, allowNonRestoredState, checkpointInterval, checkpointDir } = checkpoints;
  return parseConfig({
    ...parseConfigArguments(settings),
    ...(savepoint === undefined ? {} : { [RECOVERY_PATH.key]: resolve(cwd, savepoint) }),
    ...(claim ? { [RECOVERY_CLAIM_MODE.key]: "CLAIM" } : {}),
    ...(allowNonRestoredState ? { [RECOVERY_ALLOW_NON_RESTORED.key]: true } : {}),
    ...(checkpointInterval === undefined ? {} : { [CHECKPOINT_INTERVAL.key]: checkpointInterval }),
    ...(checkpointDir === undefined ? {} : { [CHECKPOINT_DIR.key]: resolve(cwd, checkpointDir) }),
  });
}
