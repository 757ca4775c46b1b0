import { dirname, join } from "node:path";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { FileSystem } from "./file-system.ts";
import { removeIfEmpty, removeQuietly, syncFolder } from "./folders.ts";
import { METADATA_FILE } from "./load-checkpoint.ts";
import { errorCode, storageProblem } from "./storage-problem.ts";

/** What became of `_metadata`. */
export type MetadataOutcome =
  | { readonly kind: "recorded" }
  /** Nothing stands there: the checkpoint was not recorded. */
  | { readonly kind: "none"; readonly error: MillraceError }
  /** It may stand there after all, and could not be removed: what it names has to stay. */
  | { readonly kind: "doubtful"; readonly error: MillraceError };

/**
 * Writes `_metadata` into a folder, which is made where it is missing, but not the one around it: beside it first, synced, then renamed, so that it stands there whole or
 * not at all whenever the process or the machine dies.
 *
 * @param temporary a name that nobody uses
 */
export async function writeMetadata(
  fileSystem: FileSystem,
  folder: string,
  bytes: Uint8Array,
  temporary: string,
): Promise<MetadataOutcome> {
  const path = join(folder, METADATA_FILE);
  const beside = join(folder, temporary);
  try {
    await makeFolder(fileSystem, folder);
    checkFree(fileSystem, path);
    await writeWhole(fileSystem, beside, bytes);
  } catch (error) {
    await removeQuietly(fileSystem, beside);
    await removeIfEmpty(fileSystem, folder);
    return { kind: "none", error: storageProblem("write", path, error) };
  }
  try {
    await fileSystem.rename(beside, path);
    await syncFolder(fileSystem, folder);
    return { kind: "recorded" };
  } catch (error) {
    return takeBack(fileSystem, folder, beside, storageProblem("write", path, error));
  }
}

/** When the job's folder is gone, a successor has come to its end: there is nothing to be made anew. */
async function makeFolder(fileSystem: FileSystem, folder: string): Promise<void> {
  try {
    await fileSystem.makeFolder(folder);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  await syncFolder(fileSystem, dirname(folder));
}

async function writeWhole(fileSystem: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fileSystem.create(path);
  try {
    await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Someone else's checkpoint is not to be written over: two masters of one job are one too many. */
function checkFree(fileSystem: FileSystem, path: string): void {
  try {
    fileSystem.open(path).close();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  throw new MillraceError(
    "CHECKPOINT_STORAGE_FAILED",
    `checkpoint storage: ${path} is there already: another process has recorded that checkpoint`,
    { help: "Is the job running twice? Stop one of them.", details: { path } },
  );
}

/** Whether the rename took place is not known: takes it back, and says what is certain then. */
async function takeBack(
  fileSystem: FileSystem,
  folder: string,
  beside: string,
  error: MillraceError,
): Promise<MetadataOutcome> {
  await removeQuietly(fileSystem, beside);
  try {
    await fileSystem.remove(join(folder, METADATA_FILE));
  } catch (reason) {
    if (errorCode(reason) !== "ENOENT") return { kind: "doubtful", error };
  }
  try {
    await fileSystem.syncFolder(folder);
  } catch {
    return { kind: "doubtful", error };
  }
  await removeIfEmpty(fileSystem, folder);
  return { kind: "none", error };
}
