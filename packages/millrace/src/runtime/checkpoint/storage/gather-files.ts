import { basename, join } from "node:path";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../format/checkpoint-metadata.ts";
import { mapStateBytes, stateBytesOf, type StateFile } from "../format/map-state-bytes.ts";
import { linkOrCopy } from "./adopt-file.ts";
import type { FileSystem } from "./file-system.ts";
import { removeQuietly, syncFolder } from "./folders.ts";
import { openStateFile } from "./open-state-file.ts";
import { labelOf, uniqueName } from "./unique-name.ts";

/** Where a checkpoint's files belong. */
export interface GatherTarget {
  /** Their folder; undefined: they become inline. */
  readonly folder: string | undefined;
  /** Whether a file may stay where it is. */
  stays(path: string): boolean;
  /** A copy that was made before and still stands in the folder. */
  copyOf(path: string): string | undefined;
}

/** A checkpoint whose files are where they belong. */
export interface Gathered {
  readonly metadata: CheckpointMetadata;
  /** The copies that were made for it, by the file that they are of. */
  readonly copies: ReadonlyMap<string, string>;
}

/**
 * Makes a checkpoint independent of files that others own: each is linked or copied into its folder, or becomes inline where it has none.
 *
 * @throws CHECKPOINT_STORAGE_FAILED, CHECKPOINT_CORRUPT; then no copy is left, as far as that is possible
 */
export async function gatherFiles(
  fileSystem: FileSystem,
  metadata: CheckpointMetadata,
  target: GatherTarget,
  randomBytes: (count: number) => Uint8Array,
): Promise<Gathered> {
  const moved = new Map<string, StateBytes>();
  const copies = new Map<string, string>();
  const { folder } = target;
  try {
    for (const file of stateBytesOf(metadata)) {
      if (file.kind === "inline" || target.stays(file.path) || moved.has(file.path)) continue;
      const known = target.copyOf(file.path);
      if (folder === undefined) {
        moved.set(file.path, inline(fileSystem, file));
      } else if (known === undefined) {
        const path = join(folder, uniqueName(labelOf(basename(file.path)), randomBytes));
        copies.set(file.path, path);
        await linkOrCopy(fileSystem, file.path, path);
        moved.set(file.path, { ...file, path });
      } else {
        moved.set(file.path, { ...file, path: known });
      }
    }
    if (folder !== undefined && copies.size > 0) await syncFolder(fileSystem, folder);
  } catch (error) {
    for (const copy of copies.values()) await removeQuietly(fileSystem, copy);
    throw error;
  }
  const place = (bytes: StateBytes): StateBytes =>
    bytes.kind === "inline" ? bytes : (moved.get(bytes.path) ?? bytes);
  return { metadata: moved.size === 0 ? metadata : mapStateBytes(metadata, place), copies };
}

function inline(fileSystem: FileSystem, file: StateFile): StateBytes {
  const reader = openStateFile(fileSystem, file);
  try {
    return { kind: "inline", bytes: reader.read(0, reader.length) };
  } finally {
    reader.close();
  }
}
