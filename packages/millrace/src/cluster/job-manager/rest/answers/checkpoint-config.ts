import type { ConfigOption } from "../../../../common/config/config-option.ts";
import {
  CHECKPOINT_AFTER_TASKS_FINISH,
  CHECKPOINT_ALIGNED_TIMEOUT,
  CHECKPOINT_DIR,
  CHECKPOINT_INTERVAL,
  CHECKPOINT_MAX_CONCURRENT,
  CHECKPOINT_MIN_PAUSE,
  CHECKPOINT_MODE,
  CHECKPOINT_RETENTION,
  CHECKPOINT_STORAGE,
  CHECKPOINT_TIMEOUT,
  CHECKPOINT_TOLERABLE_FAILURES,
  CHECKPOINT_UNALIGNED,
  STATE_BACKEND,
} from "../../../../common/config/options.ts";
import type { JobView } from "../../../../protocol/cluster/job-view.ts";
import type { CheckpointConfig } from "../../../../protocol/rest/checkpoints.ts";

/** How a job takes its checkpoints: its settings, with their defaults. */
export function checkpointConfig({ config }: JobView): CheckpointConfig {
  const value = <T>(option: ConfigOption<string, T>): T | undefined => {
    const text = config[option.key];
    return text === undefined ? option.defaultValue : option.parse(text);
  };
  const retention = value<string>(CHECKPOINT_RETENTION);
  const storage = value<string>(CHECKPOINT_STORAGE);
  const files = storage === undefined ? value(CHECKPOINT_DIR) !== undefined : storage === "filesystem";
  return {
    mode: value<string>(CHECKPOINT_MODE) === "AT_LEAST_ONCE" ? "at_least_once" : "exactly_once",
    interval: value(CHECKPOINT_INTERVAL) ?? Number.MAX_SAFE_INTEGER,
    timeout: value(CHECKPOINT_TIMEOUT) ?? 0,
    min_pause: value(CHECKPOINT_MIN_PAUSE) ?? 0,
    max_concurrent: value(CHECKPOINT_MAX_CONCURRENT) ?? 1,
    externalization: {
      enabled: retention !== "NO_EXTERNALIZED_CHECKPOINTS",
      delete_on_cancellation: retention !== "RETAIN_ON_CANCELLATION",
    },
    state_backend:
      value<string>(STATE_BACKEND) === "rocksdb" ? "EmbeddedRocksDBStateBackend" : "HashMapStateBackend",
    checkpoint_storage: files ? "FileSystemCheckpointStorage" : "JobManagerCheckpointStorage",
    unaligned_checkpoints: value(CHECKPOINT_UNALIGNED) ?? false,
    tolerable_failed_checkpoints: value(CHECKPOINT_TOLERABLE_FAILURES) ?? 0,
    aligned_checkpoint_timeout: value(CHECKPOINT_ALIGNED_TIMEOUT) ?? 0,
    checkpoints_after_tasks_finish: value(CHECKPOINT_AFTER_TASKS_FINISH) ?? true,
    state_changelog_enabled: false,
    changelog_periodic_materialization_interval: 0,
    changelog_storage: "memory",
  };
}
