import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { METADATA_FILE } from "../../runtime/checkpoint/storage/load-checkpoint.ts";
import { checkpointBytes, checkpointParts } from "./checkpoint-bytes.ts";
import type { OpenedSavepoint } from "./open-savepoint.ts";

/** What was removed. */
export interface DisposedSavepoint {
  readonly files: number;
  /** Of state. */
  readonly bytes: number;
  /** Whether its folder is gone, too; something else is in it otherwise. */
  readonly emptied: boolean;
}

/**
 * Removes a savepoint: its `_metadata` first, so that it is whole or none, then the files that it names, which lie in its folder; then the
 * folder, if nothing else is in it.
 *
 * @throws INVALID_ARGUMENT for a checkpoint, whose files may be others', too; CHECKPOINT_STORAGE_FAILED
 */
export async function disposeSavepoint({ metadata, path }: OpenedSavepoint): Promise<DisposedSavepoint> {
  if (metadata.kind === "checkpoint") throw isCheckpoint(path);
  const files = new Set(
    checkpointParts(metadata).flatMap((part) =>
      part.kind === "file" && dirname(part.path) === path ? [part.path] : [],
    ),
  );
  try {
    await rm(join(path, METADATA_FILE));
    for (const file of files) await rm(file, { force: true });
  } catch (error) {
    throw new MillraceError(
      "CHECKPOINT_STORAGE_FAILED",
      `savepoint ${path} can't be removed: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
        help: "Check the permissions of the folder; what is left of it can be removed by hand.",
        details: { path },
      },
    );
  }
  return { files: files.size + 1, bytes: checkpointBytes(metadata), emptied: await removeFolder(path) };
}

async function removeFolder(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch {
    // Somebody keeps something of his own in it.
    return false;
  }
}

function isCheckpoint(path: string): MillraceError {
  return new MillraceError(
    "INVALID_ARGUMENT",
    `${path} is a checkpoint of a job, no savepoint: its files stand in the job's shared folder, and other checkpoints may name them`,
    {
      help: "The job removes it by itself when it is no longer needed, or when it is started from it with --claim. What a job that is gone has left can be removed whole: the folder above, named by the job's id.",
      details: { path },
    },
  );
}
