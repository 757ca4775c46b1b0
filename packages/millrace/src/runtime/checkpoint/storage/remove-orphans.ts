import { join } from "node:path";
import { stateFilesOf } from "../format/map-state-bytes.ts";
import type { FileSystem } from "./file-system.ts";
import { namesIn, removeIfEmpty, removeQuietly } from "./folders.ts";
import { checkpointPlace, checkpointsIn, loadCheckpoint, METADATA_FILE } from "./load-checkpoint.ts";
import { STATE_FILE_NAME } from "./unique-name.ts";

/** Who removes. */
export interface OrphanRules {
  /** Folders of checkpoints that later owners make are none of its business. */
  readonly epoch: number;
  /** Whether a file is needed that no checkpoint of this folder names. */
  readonly keeps: (path: string) => boolean;
  /** Asked once everything was listed: what comes later, from a successor, is not in the list. */
  readonly mayRemove: () => Promise<boolean>;
}

/**
 * Removes what a process that died has left in a job's folder: files of `shared` that no recorded checkpoint names, and folders of
 * checkpoints that were not recorded. As long as a checkpoint there can't be read, nothing: it may name anything.
 */
export async function removeOrphansOf(
  fileSystem: FileSystem,
  jobFolder: string,
  shared: string,
  { epoch, keeps, mayRemove }: OrphanRules,
): Promise<void> {
  const named = new Set<string>();
  let files: readonly string[];
  let folders: readonly string[];
  try {
    files = await namesIn(fileSystem, shared);
    for (const folder of await checkpointsIn(fileSystem, jobFolder)) {
      const { metadata } = await loadCheckpoint(folder, fileSystem);
      for (const path of stateFilesOf(metadata)) named.add(path);
    }
    folders = await namesIn(fileSystem, jobFolder);
  } catch {
    return;
  }
  if (!(await mayRemove())) return;
  for (const name of files) {
    const path = join(shared, name);
    if (STATE_FILE_NAME.test(name) && !named.has(path) && !keeps(path)) await removeQuietly(fileSystem, path);
  }
  for (const name of folders) {
    const place = checkpointPlace(name);
    if (place !== undefined && place.epoch <= epoch)
      await removeUnrecorded(fileSystem, join(jobFolder, name));
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
