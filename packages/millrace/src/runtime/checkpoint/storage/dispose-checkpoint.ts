import { dirname } from "node:path";
import type { CompletedCheckpoint } from "./checkpoint-store.ts";
import type { FileSystem } from "./file-system.ts";
import { removeIfEmpty } from "./folders.ts";
import { loadCheckpoint } from "./load-checkpoint.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import { ownFilesOf, removeRecorded } from "./remove-recorded.ts";

/**
 * Removes a savepoint, or a checkpoint that a job left behind: its `_metadata`, and its files as far as no other checkpoint of the same job
 * names them. Not for checkpoints of a job that runs.
 *
 * @param path its folder or its `_metadata`
 * @returns what was removed
 * @throws SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED
 */
export async function disposeCheckpoint(
  path: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<CompletedCheckpoint> {
  const checkpoint = await loadCheckpoint(path, fileSystem);
  // What was loaded has a folder.
  const folder = checkpoint.path!;
  const files = await ownFilesOf(fileSystem, checkpoint, folder);
  const failure = await removeRecorded(fileSystem, folder, () => files);
  if (failure !== undefined) throw failure;
  if (checkpoint.metadata.kind === "checkpoint") await removeIfEmpty(fileSystem, dirname(folder));
  return checkpoint;
}
