import { basename, dirname, join } from "node:path";
import { stateFilesOf } from "../format/map-state-bytes.ts";
import type { CompletedCheckpoint } from "./checkpoint-store.ts";
import type { FileSystem } from "./file-system.ts";
import { removeFile, removeIfEmpty, syncFolder } from "./folders.ts";
import { checkpointsIn, loadCheckpoint, METADATA_FILE } from "./load-checkpoint.ts";
import { STATE_FILE_NAME } from "./unique-name.ts";

/**
 * Removes a recorded checkpoint: its `_metadata` first, for good, then the files that `release` answers, then folders that are empty.
 *
 * @param release called once `_metadata` is gone: the files that nobody names any more
 * @param inUse a folder that stays also when it is empty: tasks are about to write there
 * @returns the first thing that failed; as long as `_metadata` is there, all it names is
 */
export async function removeRecorded(
  fileSystem: FileSystem,
  folder: string,
  release: () => readonly string[],
  inUse: string | undefined,
): Promise<Error | undefined> {
  try {
    await removeFile(fileSystem, join(folder, METADATA_FILE));
    await syncFolder(fileSystem, folder);
  } catch (error) {
    return error as Error;
  }
  let failure: Error | undefined;
  const folders = new Set([folder]);
  for (const path of release()) {
    // Whatever a file that was read says: nothing is removed that does not look like a file of state.
    if (!STATE_FILE_NAME.test(basename(path))) continue;
    folders.add(dirname(path));
    try {
      await removeFile(fileSystem, path);
    } catch (error) {
      failure ??= error as Error;
    }
  }
  for (const emptied of folders) if (emptied !== inUse) await removeIfEmpty(fileSystem, emptied);
  return failure;
}

/**
 * The files of a checkpoint that no other one names, in its job's folder or in the folder of the job that the files are from: for who knows
 * nothing else of these. None where one of those can't be read, because it may name anything.
 */
export async function ownFilesOf(
  fileSystem: FileSystem,
  checkpoint: CompletedCheckpoint,
  folder: string,
): Promise<readonly string[]> {
  const files = new Set(stateFilesOf(checkpoint.metadata));
  const jobFolders = new Set([dirname(folder)]);
  // Of <job>/shared/<file>, and of <savepoint>/<file>, which has no checkpoints beside it.
  for (const file of files) jobFolders.add(dirname(dirname(file)));
  try {
    for (const jobFolder of jobFolders) {
      for (const other of await checkpointsIn(fileSystem, jobFolder)) {
        if (other === folder) continue;
        const { metadata } = await loadCheckpoint(other, fileSystem);
        for (const path of stateFilesOf(metadata)) files.delete(path);
      }
    }
  } catch {
    return [];
  }
  return [...files];
}
