import { join } from "node:path";
import { stateFilesOf } from "../format/map-state-bytes.ts";
import type { FileSystem } from "./file-system.ts";
import { namesIn, removeIfEmpty, removeQuietly } from "./folders.ts";
import { CHECKPOINT_FOLDER, checkpointsIn, loadCheckpoint, METADATA_FILE } from "./load-checkpoint.ts";
import { STATE_FILE_NAME } from "./unique-name.ts";

/**
 * Removes what a process that died has left in a job's folder: files of `shared` that no recorded checkpoint names, and folders of
 * checkpoints that were not recorded. As long as a checkpoint there can't be read, nothing: it may name anything.
 *
 * @param keeps whether a file is needed that no checkpoint of this folder names
 */
export async function removeOrphansOf(
  fileSystem: FileSystem,
  jobFolder: string,
  shared: string,
  keeps: (path: string) => boolean,
): Promise<void> {
  const named = new Set<string>();
  let files: readonly string[];
  try {
    for (const folder of await checkpointsIn(fileSystem, jobFolder)) {
      const { metadata } = await loadCheckpoint(folder, fileSystem);
      for (const path of stateFilesOf(metadata)) named.add(path);
    }
    files = await namesIn(fileSystem, shared);
  } catch {
    return;
  }
  for (const name of files) {
    const path = join(shared, name);
    if (STATE_FILE_NAME.test(name) && !named.has(path) && !keeps(path)) await removeQuietly(fileSystem, path);
  }
  for (const name of await namesIn(fileSystem, jobFolder)) {
    if (CHECKPOINT_FOLDER.test(name)) await removeUnrecorded(fileSystem, join(jobFolder, name));
  }
}

async function removeUnrecorded(fileSystem: FileSystem, folder: string): Promise<void> {
  const names = await namesIn(fileSystem, folder);
  if (names.includes(METADATA_FILE)) return;
  for (const name of names) {
    if (name.startsWith(`${METADATA_FILE}.`)) await removeQuietly(fileSystem, join(folder, name));
  }
  await removeIfEmpty(fileSystem, folder);
}
