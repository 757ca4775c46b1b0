import { configValue } from "../../../../common/config/configuration.ts";
import type { Config } from "../../../../common/config/configuration.ts";
import {
  CHECKPOINT_MAX_CONCURRENT,
  CHECKPOINT_MODE,
  CHECKPOINT_UNALIGNED,
} from "../../../../common/config/options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";

/**
 * Refuses settings of checkpoints that contradict each other: whoever asked for both would get one of them without a word.
 *
 * @throws INVALID_OPTION naming both
 */
export function checkCheckpointOptions(config: Config): void {
  if (configValue(config, CHECKPOINT_UNALIGNED) !== true) return;
  if (configValue(config, CHECKPOINT_MODE) === "AT_LEAST_ONCE") {
    throw contradiction(
      `${CHECKPOINT_MODE.key} AT_LEAST_ONCE`,
      "at-least-once barriers wait for nothing, so that there is nothing to overtake",
      `Set ${CHECKPOINT_UNALIGNED.key} to false, or ${CHECKPOINT_MODE.key} to EXACTLY_ONCE.`,
    );
  }
  const concurrent = configValue(config, CHECKPOINT_MAX_CONCURRENT) ?? 1;
  if (concurrent === 1) return;
  throw contradiction(
    `${CHECKPOINT_MAX_CONCURRENT.key} ${concurrent}`,
    "unaligned checkpoints are taken one at a time",
    `Set ${CHECKPOINT_UNALIGNED.key} to false, or ${CHECKPOINT_MAX_CONCURRENT.key} to 1.`,
  );
}

function contradiction(other: string, why: string, help: string): MillraceError {
  return new MillraceError(
    "INVALID_OPTION",
    `${CHECKPOINT_UNALIGNED.key} can't be true together with ${other}: ${why}`,
    { help },
  );
}
