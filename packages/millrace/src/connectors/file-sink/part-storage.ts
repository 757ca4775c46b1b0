import { constants } from "node:fs";
import { access, mkdir, open, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { fileProblem, shownPath } from "../files/file-problem.ts";

const SINK = "file sink";
/** How much is copied at a time. */
const COPY_SIZE = 256 * 1024;

/** A SINK_FAILED that names the path, what was tried and what is wrong. */
export function sinkProblem(doing: string, path: string, error: unknown): MillraceError {
  return fileProblem("SINK_FAILED", SINK, doing, path, error);
}

/** Makes a directory, and those above it, where it is missing; checks that files can be made in it. */
export async function prepareDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || code === "ENOTDIR") {
      throw new MillraceError(
        "SINK_FAILED",
        `${SINK}: can't write to ${shownPath(path)}: expected a directory, but it, or a part of its path, is a file (${code})`,
        {
          cause: error,
          help: "The sink writes part files into a directory: name one.",
          details: { path, errno: code },
        },
      );
    }
    throw sinkProblem("write to", path, error);
  }
}

/** Opens a file that nobody has made before; undefined when the name is taken. */
export async function createNew(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw sinkProblem("create", path, error);
  }
}

/** A file's length in bytes; undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw sinkProblem("look at", path, error);
  }
}

/** Copies the first `length` bytes of a file to the end of another. */
export async function copyPrefix(from: string, length: number, to: FileHandle): Promise<void> {
  try {
    await using source = await open(from, "r");
    const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(COPY_SIZE, length)));
    for (let at = 0; at < length;) {
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, length - at), at);
      if (bytesRead === 0) {
        throw new MillraceError(
          "SINK_FAILED",
          `${SINK}: ${shownPath(from)} should have at least ${length} bytes of a checkpoint's records, but has ${at}`,
          {
            help: "It was changed from outside; an older checkpoint may not need it.",
            details: { path: from },
          },
        );
      }
      await to.appendFile(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } catch (error) {
    throw sinkProblem("read", from, error);
  }
}

/** Renames a file, both names in one directory. */
export async function renamePart(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    throw sinkProblem("rename", from, error);
  }
}

/** Removes a file; one that is gone already is no error. */
export async function removePart(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw sinkProblem("remove", path, error);
  }
}

/** Makes renames in the directories of these files survive a loss of power. */
export async function syncDirectories(paths: readonly string[]): Promise<void> {
  for (const directory of new Set(paths.map((path) => dirname(path)))) {
    try {
      await using handle = await open(directory, "r");
      await handle.sync();
    } catch (error) {
      // Windows can't sync directories, and does not need to.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EPERM" && code !== "EISDIR" && code !== "EINVAL")
        throw sinkProblem("sync", directory, error);
    }
  }
}
