import { dirname, join } from "node:path";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { stateFilesOf } from "../../../../runtime/checkpoint/format/map-state-bytes.ts";
import type { FileSystem } from "../../../../runtime/checkpoint/storage/file-system.ts";
import { removeIfEmpty, removeFile, syncFolder } from "../../../../runtime/checkpoint/storage/folders.ts";
import { loadCheckpoint, METADATA_FILE } from "../../../../runtime/checkpoint/storage/load-checkpoint.ts";

/**
 * Removes a savepoint: its `_metadata` first, so that it is whole or none, then the files that it names and that lie in its folder; then the
 * folder, if nothing else is in it.
 *
 * @throws SAVEPOINT_NOT_FOUND, INVALID_ARGUMENT for a job's own checkpoint, CHECKPOINT_STORAGE_FAILED
 */
export async function disposeSavepoint(fileSystem: FileSystem, path: string): Promise<void> {
  const { metadata, path: found } = await loadCheckpoint(path, fileSystem);
  const folder = found as string;
  if (metadata.kind === "checkpoint") {
    throw new MillraceError(
      "INVALID_ARGUMENT",
      `${path} is a checkpoint of a job, no savepoint: other checkpoints may name its files`,
      { help: "The job removes its checkpoints by itself when they are no longer needed." },
    );
  }
  await removeFile(fileSystem, join(folder, METADATA_FILE));
  await syncFolder(fileSystem, folder);
  for (const file of stateFilesOf(metadata)) if (dirname(file) === folder) await removeFile(fileSystem, file);
  await removeIfEmpty(fileSystem, folder);
}

/** Removes what may have been removed already by a JobManager that died meanwhile. @throws as `disposeSavepoint`, but for a savepoint that is not there */
export async function redispose(
  fileSystem: FileSystem,
  path: string,
): Promise<Readonly<Record<string, never>>> {
  try {
    await disposeSavepoint(fileSystem, path);
  } catch (error) {
    if (!MillraceError.is(error, "SAVEPOINT_NOT_FOUND")) throw error;
  }
  return {};
}
