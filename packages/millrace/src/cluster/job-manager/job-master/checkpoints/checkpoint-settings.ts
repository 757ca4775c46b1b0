import { configValue } from "../../../../common/config/configuration.ts";
import type { Config } from "../../../../common/config/configuration.ts";
import {
  CHECKPOINT_AFTER_TASKS_FINISH,
  CHECKPOINT_ALIGNED_TIMEOUT,
  CHECKPOINT_DIR,
  CHECKPOINT_INCREMENTAL,
  CHECKPOINT_INTERVAL,
  CHECKPOINT_MAX_CONCURRENT,
  CHECKPOINT_MIN_PAUSE,
  CHECKPOINT_MODE,
  CHECKPOINT_RETAINED,
  CHECKPOINT_RETENTION,
  CHECKPOINT_STORAGE,
  CHECKPOINT_TIMEOUT,
  CHECKPOINT_TOLERABLE_FAILURES,
  CHECKPOINT_UNALIGNED,
} from "../../../../common/config/options.ts";
import { setting } from "../setting.ts";
import { checkCheckpointOptions } from "./check-checkpoint-options.ts";

/** How a job takes checkpoints. Times in ms. */
export interface CheckpointSettings {
  /** undefined: only when asked to. */
  readonly interval: number | undefined;
  readonly minPause: number;
  readonly timeout: number;
  readonly maxConcurrent: number;
  /** How many may fail one after the other before the job fails. */
  readonly tolerableFailures: number;
  /** Whether nothing is begun while a checkpoint or savepoint is underway. */
  readonly exclusive: boolean;
  /** Whether they go on when some tasks have finished. */
  readonly afterTasksFinish: boolean;
  readonly mode: "exactly-once" | "at-least-once";
  readonly unaligned: boolean;
  /** After which an aligned one turns unaligned; 0: at once. Only with `unaligned`. */
  readonly alignedTimeout: number;
  readonly incremental: boolean;
  readonly retained: number;
  readonly retention: "DELETE_ON_CANCELLATION" | "RETAIN_ON_CANCELLATION" | "NO_EXTERNALIZED_CHECKPOINTS";
  /** Whether they go into a folder. */
  readonly inFiles: boolean;
}

/** The checkpoint settings of a job. @throws INVALID_OPTION where they contradict each other */
export function checkpointSettings(config: Config): CheckpointSettings {
  checkCheckpointOptions(config);
  const exactlyOnce = setting(config, CHECKPOINT_MODE) === "EXACTLY_ONCE";
  const unaligned = setting(config, CHECKPOINT_UNALIGNED);
  const minPause = setting(config, CHECKPOINT_MIN_PAUSE);
  const storage = configValue(config, CHECKPOINT_STORAGE);
  return {
    interval: configValue(config, CHECKPOINT_INTERVAL),
    minPause,
    timeout: setting(config, CHECKPOINT_TIMEOUT),
    // A pause after each leaves no room for two at a time.
    maxConcurrent: minPause > 0 ? 1 : setting(config, CHECKPOINT_MAX_CONCURRENT),
    tolerableFailures: setting(config, CHECKPOINT_TOLERABLE_FAILURES),
    exclusive: unaligned,
    afterTasksFinish: setting(config, CHECKPOINT_AFTER_TASKS_FINISH),
    mode: exactlyOnce ? "exactly-once" : "at-least-once",
    unaligned,
    alignedTimeout: setting(config, CHECKPOINT_ALIGNED_TIMEOUT),
    incremental: setting(config, CHECKPOINT_INCREMENTAL),
    retained: setting(config, CHECKPOINT_RETAINED),
    retention: setting(config, CHECKPOINT_RETENTION),
    inFiles:
      storage === "filesystem" ||
      (storage === undefined && configValue(config, CHECKPOINT_DIR) !== undefined),
  };
}
