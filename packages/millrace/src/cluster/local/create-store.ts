import { configValue } from "../../common/config/configuration.ts";
import {
  CHECKPOINT_DIR,
  CHECKPOINT_INLINE_THRESHOLD,
  CHECKPOINT_STORAGE,
  SAVEPOINT_DIR,
} from "../../common/config/options.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { CheckpointStore } from "../../runtime/checkpoint/storage/checkpoint-store.ts";
import type { OwnerLeader } from "../../runtime/checkpoint/storage/folder-owner.ts";

/**
 * The storage of checkpoints that a job's settings ask for. Its code is loaded when it is called.
 *
 * @param leader for whom the job runs, in a cluster: what a later leader has is not taken from it
 * @throws INVALID_OPTION where a folder is missing
 */
export async function createStore(
  config: Readonly<Record<string, unknown>>,
  leader?: OwnerLeader,
): Promise<CheckpointStore> {
  const directory = configValue(config, CHECKPOINT_DIR);
  const storage =
    configValue(config, CHECKPOINT_STORAGE) ?? (directory === undefined ? "jobmanager" : "filesystem");
  if (storage === "filesystem" && directory === undefined) {
    throw new MillraceError(
      "INVALID_OPTION",
      `${CHECKPOINT_STORAGE.key} is filesystem, but nobody says where`,
      {
        help: `Set ${CHECKPOINT_DIR.key} to a folder.`,
      },
    );
  }
  const { createCheckpointStore } =
    await import("../../runtime/checkpoint/storage/create-checkpoint-store.ts");
  return createCheckpointStore({
    directory: storage === "filesystem" ? directory : undefined,
    savepointDirectory: configValue(config, SAVEPOINT_DIR),
    inlineThreshold: configValue(config, CHECKPOINT_INLINE_THRESHOLD) ?? 0,
    leader,
  });
}
