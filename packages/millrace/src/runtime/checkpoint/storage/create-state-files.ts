import { randomBytes as systemRandomBytes } from "node:crypto";
import { join } from "node:path";
import type { CheckpointLocation, StateBytes } from "../../../protocol/control/snapshots.ts";
import { linkOrCopy } from "./adopt-file.ts";
import type { FileSystem } from "./file-system.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import { openStateFile } from "./open-state-file.ts";
import { FolderFileWriter, InlineFileWriter } from "./state-file-writers.ts";
import type { StateFiles } from "./state-files.ts";
import { storageProblem } from "./storage-problem.ts";
import { uniqueName } from "./unique-name.ts";

/** What storage takes from outside; each has the machine's as default. */
export interface StateFilesOptions {
  readonly fileSystem?: FileSystem;
  /** Bytes that nobody else gets. */
  readonly randomBytes?: (count: number) => Uint8Array;
}

/**
 * Where the tasks of a slot write the state of one checkpoint: files in the location's folder, which is there already, or nothing but
 * inline bytes where it has none.
 *
 * @example
 * ```ts
 * const files = createStateFiles({ directory: "/checkpoints/4f../shared", inlineThreshold: 20_480 });
 * const file = files.create("count-3");
 * file.write(bytes);
 * const handle = await file.close();
 * ```
 */
export function createStateFiles(location: CheckpointLocation, options: StateFilesOptions = {}): StateFiles {
  const { fileSystem = nodeFileSystem, randomBytes = systemRandomBytes } = options;
  const { directory, inlineThreshold } = location;
  return {
    create: (label) =>
      directory === undefined
        ? new InlineFileWriter()
        : new FolderFileWriter(fileSystem, directory, () => uniqueName(label, randomBytes), inlineThreshold),
    adopt: (path, label) =>
      adopt(
        fileSystem,
        path,
        inlineThreshold,
        directory && join(directory, uniqueName(label, randomBytes)),
        directory,
      ),
    discard: async (bytes) => {
      if (bytes.kind === "file") await fileSystem.remove(bytes.path).catch(() => {});
    },
    open: (bytes) => openStateFile(fileSystem, bytes),
  };
}

async function adopt(
  fileSystem: FileSystem,
  path: string,
  threshold: number,
  target: string | undefined,
  directory: string | undefined,
): Promise<StateBytes> {
  const length = lengthOf(fileSystem, path);
  if (target === undefined || directory === undefined || length <= threshold) {
    const reader = openStateFile(fileSystem, { kind: "file", path, length });
    try {
      return { kind: "inline", bytes: reader.read(0, length) };
    } finally {
      reader.close();
    }
  }
  await linkOrCopy(fileSystem, path, target);
  try {
    await fileSystem.syncFolder(directory);
  } catch (error) {
    throw storageProblem("sync the folder of", target, error);
  }
  return { kind: "file", path: target, length };
}

function lengthOf(fileSystem: FileSystem, path: string): number {
  try {
    const file = fileSystem.open(path);
    file.close();
    return file.length;
  } catch (error) {
    throw storageProblem("read", path, error);
  }
}
