import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { FileSystem, ReadableFile } from "./file-system.ts";
import { errorCode, storageProblem } from "./storage-problem.ts";

/** Bytes copied at a time. */
const COPIED = 1024 * 1024;

/** Why a link is not possible where a copy may be: another file system, one without links, a limit of links. */
const NOT_LINKED: ReadonlySet<string | undefined> = new Set([
  "EXDEV",
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
  "EINVAL",
]);

/**
 * Gives a complete file a second name: a hard link where possible, else a copy; synced, but for the folder.
 *
 * @throws CHECKPOINT_STORAGE_FAILED; then nothing stands at `to`, as far as that is possible
 */
export async function linkOrCopy(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  try {
    await fileSystem.link(from, to);
  } catch (error) {
    if (!NOT_LINKED.has(errorCode(error))) throw storageProblem(`link ${from} to`, to, error);
    return copyFile(fileSystem, from, to);
  }
  try {
    await fileSystem.syncFile(to);
  } catch (error) {
    await removeQuietly(fileSystem, to);
    throw storageProblem("sync", to, error);
  }
}

async function copyFile(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  const source = openForCopy(fileSystem, from);
  try {
    const target = await fileSystem.create(to);
    try {
      const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(COPIED, source.length)));
      for (let at = 0; at < source.length;) {
        const read = source.read(buffer, at);
        if (read === 0) {
          throw new MillraceError(
            "CHECKPOINT_STORAGE_FAILED",
            `checkpoint storage: ${from} became shorter while it was copied: it ends at byte ${at} of ${source.length}`,
          );
        }
        await target.write(buffer.subarray(0, read));
        at += read;
      }
      await target.sync();
    } finally {
      await target.close();
    }
  } catch (error) {
    if (errorCode(error) !== "EEXIST") await removeQuietly(fileSystem, to);
    throw storageProblem(`copy ${from} to`, to, error);
  } finally {
    source.close();
  }
}

function openForCopy(fileSystem: FileSystem, path: string): ReadableFile {
  try {
    return fileSystem.open(path);
  } catch (error) {
    throw storageProblem("read", path, error);
  }
}

async function removeQuietly(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.remove(path);
  } catch {
    // What stays behind is an orphan, which does no harm.
  }
}
