import { basename, dirname, join } from "node:path";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { decodeMetadata } from "../format/checkpoint-metadata-codec.ts";
import type { CompletedCheckpoint } from "./checkpoint-store.ts";
import type { FileSystem, ReadableFile } from "./file-system.ts";
import { absoluteFolder, namesIn } from "./folders.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import { errorCode, storageProblem } from "./storage-problem.ts";

/** The file that makes a folder a checkpoint. */
export const METADATA_FILE = "_metadata";

/** How many folders are looked into for one that may have been meant. */
const MAX_LOOKED_INTO = 10;

/** Name of the folder of a checkpoint: its number, and its owner's epoch but for the first. */
const CHECKPOINT_FOLDER = /^chk-(\d+)(?:-(\d+))?$/u;

/** What the name of a checkpoint's folder says. */
export interface CheckpointPlace {
  readonly id: number;
  /** Of the owner who wrote it. */
  readonly epoch: number;
}

/** The name of a checkpoint's folder. Each owner has names of its own, so that nobody writes what another may be about to write. */
export const checkpointFolder = (id: number, epoch: number): string =>
  epoch === 1 ? `chk-${id}` : `chk-${id}-${epoch}`;

/** The other way; undefined for another name. */
export function checkpointPlace(name: string): CheckpointPlace | undefined {
  const [, id, epoch = "1"] = CHECKPOINT_FOLDER.exec(name) ?? [];
  return id === undefined ? undefined : { id: Number(id), epoch: Number(epoch) };
}

/**
 * Reads what a recorded checkpoint or savepoint says of itself; none of its state.
 *
 * @param path its folder or its `_metadata`; relative to the working directory, or a file: URL
 * @throws SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED, RESTORE_REFUSED when another version of Millrace wrote it
 * @example `const { metadata } = await loadCheckpoint("/savepoints/savepoint-3fa8c1-09be")`
 */
export async function loadCheckpoint(
  path: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<CompletedCheckpoint> {
  const absolute = absoluteFolder(path);
  const named = basename(absolute) === METADATA_FILE;
  const folder = named ? dirname(absolute) : absolute;
  const file = join(folder, METADATA_FILE);
  const bytes = readWhole(fileSystem, file);
  if (bytes === undefined) throw await notFound(fileSystem, path, folder);
  return { metadata: decodeMetadata(bytes, file), path: folder };
}

/** A file's bytes; undefined where there is none. @throws CHECKPOINT_STORAGE_FAILED */
function readWhole(fileSystem: FileSystem, path: string): Uint8Array | undefined {
  let file: ReadableFile;
  try {
    file = fileSystem.open(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw storageProblem("read", path, error);
  }
  try {
    const bytes = new Uint8Array(file.length);
    return bytes.subarray(0, file.read(bytes, 0));
  } catch (error) {
    throw storageProblem("read", path, error);
  } finally {
    file.close();
  }
}

async function notFound(fileSystem: FileSystem, path: string, folder: string): Promise<MillraceError> {
  const near = await namedNear(fileSystem, folder);
  return new MillraceError(
    "SAVEPOINT_NOT_FOUND",
    `there is no savepoint or checkpoint at ${path}: expected a folder with a ${METADATA_FILE}, or that file`,
    {
      help:
        near ??
        "Name the folder that the savepoint was reported with. A checkpoint that was not completed has no _metadata, and can't be restored.",
      details: { path: folder },
    },
  );
}

/** What a folder without `_metadata` holds that may have been meant: checkpoints of a job, savepoints, or folders of jobs. */
async function namedNear(fileSystem: FileSystem, folder: string): Promise<string | undefined> {
  try {
    const newest = (await checkpointsIn(fileSystem, folder)).at(-1);
    if (newest !== undefined)
      return `It holds checkpoints: name one of them, of which the newest is ${newest}.`;
    const below: string[] = [];
    for (const name of (await namesIn(fileSystem, folder)).slice(0, MAX_LOOKED_INTO)) {
      const path = join(folder, name);
      const found = (await namesIn(fileSystem, path)).includes(METADATA_FILE)
        ? path
        : (await checkpointsIn(fileSystem, path)).at(-1);
      if (found !== undefined) below.push(found);
    }
    return below.length === 0 ? undefined : `Name one of those below it: ${below.join(", ")}.`;
  } catch {
    // It was only a guess.
    return undefined;
  }
}

/**
 * The folders of completed checkpoints in a job's folder, oldest first: by the epoch of their owner, then by number. What an owner writes who
 * was replaced is older than all that his successor writes, whenever it comes.
 *
 * @throws CHECKPOINT_STORAGE_FAILED
 */
export async function checkpointsIn(fileSystem: FileSystem, folder: string): Promise<readonly string[]> {
  const complete: (CheckpointPlace & { readonly path: string })[] = [];
  for (const name of await namesIn(fileSystem, folder)) {
    const place = checkpointPlace(name);
    if (place === undefined) continue;
    const path = join(folder, name);
    const inside = await namesIn(fileSystem, path);
    if (inside.includes(METADATA_FILE)) complete.push({ path, ...place });
  }
  return complete.sort((a, b) => a.epoch - b.epoch || a.id - b.id).map(({ path }) => path);
}
