import { constants, type Dir } from "node:fs";
import { access, mkdir, open, opendir, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { fileProblem, shownPath } from "../files/file-problem.ts";
import type { PartHandle, PartStorage } from "./part-storage.ts";

const SINK = "file sink";
/** How much is copied at a time. */
const COPY_SIZE = 256 * 1024;

/** A SINK_FAILED that names the path, what was tried and what is wrong. */
export function sinkProblem(doing: string, path: string, error: unknown): MillraceError {
  return fileProblem("SINK_FAILED", SINK, doing, path, error);
}

/** Parts on the disk. */
export const diskParts: PartStorage = {
  async prepareDirectory(path) {
    try {
      const first = await mkdir(path, { recursive: true });
      await access(path, constants.W_OK | constants.X_OK);
      return first === undefined ? [] : directoriesBetween(dirname(first), path);
    } catch (error) {
      throw directoryProblem(path, error);
    }
  },

  async create(path) {
    try {
      return await open(path, "wx");
    } catch (error) {
      if (codeOf(error) === "EEXIST") return undefined;
      throw sinkProblem("create", path, error);
    }
  },

  async sizeOf(path) {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw sinkProblem("look at", path, error);
    }
  },

  async copyPrefix(from, length, to) {
    try {
      await copyBytes(from, length, to);
    } catch (error) {
      throw sinkProblem("read", from, error);
    }
  },

  async rename(from, to) {
    try {
      await rename(from, to);
      return true;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw sinkProblem("rename", from, error);
    }
  },

  async remove(path) {
    try {
      await unlink(path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw sinkProblem("remove", path, error);
    }
  },

  async syncDirectories(paths) {
    for (const path of new Set(paths)) {
      try {
        await using handle = await open(path, "r");
        await handle.sync();
      } catch (error) {
        // Windows can't sync directories, and does not need to.
        if (!["EPERM", "EISDIR", "EINVAL"].includes(codeOf(error) ?? ""))
          throw sinkProblem("sync", path, error);
      }
    }
  },

  async *hiddenFiles(root) {
    const directories = [root];
    for (let path = directories.pop(); path !== undefined; path = directories.pop()) {
      const directory = await openUnlessGone(path);
      if (directory === undefined) continue;
      for await (const entry of directory) {
        if (entry.isDirectory()) directories.push(join(path, entry.name));
        else if (entry.isFile() && basename(entry.name).startsWith(".")) yield join(path, entry.name);
      }
    }
  },
};

async function copyBytes(from: string, length: number, to: PartHandle): Promise<void> {
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
}

/** The directories from one down to another below it, both included. */
function directoriesBetween(top: string, bottom: string): readonly string[] {
  const all = [bottom];
  for (let path = bottom; path !== top && path !== dirname(path); all.push(path)) path = dirname(path);
  return all;
}

function directoryProblem(path: string, error: unknown): MillraceError {
  const code = codeOf(error);
  if (code !== "EEXIST" && code !== "ENOTDIR") return sinkProblem("write to", path, error);
  return new MillraceError(
    "SINK_FAILED",
    `${SINK}: can't write to ${shownPath(path)}: expected a directory, but it, or a part of its path, is a file (${code})`,
    {
      cause: error,
      help: "The sink writes part files into a directory: name one.",
      details: { path, errno: code },
    },
  );
}

async function openUnlessGone(path: string): Promise<Dir | undefined> {
  try {
    return await opendir(path);
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
