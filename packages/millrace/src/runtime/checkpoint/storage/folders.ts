import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileSystem } from "./file-system.ts";
import { errorCode, storageProblem } from "./storage-problem.ts";

/** A folder that someone named, as a path or a file: URL, as an absolute path. */
export function absoluteFolder(named: string): string {
  return named.startsWith("file:") ? fileURLToPath(named) : resolve(named);
}

/** Makes a folder, and those above it, where they are missing; what was made survives a loss of power. @throws CHECKPOINT_STORAGE_FAILED */
export async function ensureFolder(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.makeFolder(path);
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== "ENOENT" || parent === path) return checkFolder(fileSystem, path, error);
    await ensureFolder(fileSystem, parent);
    // Some file systems (/proc, mount points of automounters) answer ENOENT although the parent is there: once more is enough.
    try {
      await fileSystem.makeFolder(path);
    } catch (again) {
      return checkFolder(fileSystem, path, again);
    }
  }
  await syncFolder(fileSystem, dirname(path));
}

/** Makes what was done in a folder survive a loss of power. @throws CHECKPOINT_STORAGE_FAILED */
export async function syncFolder(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.syncFolder(path);
  } catch (error) {
    throw storageProblem("sync the folder", path, error);
  }
}

/** Removes a file; one that is gone already is no error. @throws CHECKPOINT_STORAGE_FAILED */
export async function removeFile(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.remove(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw storageProblem("remove", path, error);
  }
}

/** Removes a file, or leaves it where that is not possible: an orphan does no harm. */
export async function removeQuietly(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.remove(path);
  } catch {
    // See above.
  }
}

/** Removes a folder when nothing is left in it. */
export async function removeIfEmpty(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.removeFolder(path);
  } catch {
    // Something is in it, or it is gone.
  }
}

/** The names in a folder; none where there is no such folder. @throws CHECKPOINT_STORAGE_FAILED */
export async function namesIn(fileSystem: FileSystem, path: string): Promise<readonly string[]> {
  try {
    return await fileSystem.list(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw storageProblem("list", path, error);
  }
}

/** A folder that could not be made is there already, or there is a problem. */
async function checkFolder(fileSystem: FileSystem, path: string, reason: unknown): Promise<void> {
  try {
    await fileSystem.list(path);
  } catch (error) {
    const exists = errorCode(reason) === "EEXIST";
    throw storageProblem(exists ? "use the folder" : "make the folder", path, exists ? error : reason);
  }
}
