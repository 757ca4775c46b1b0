import { resolve } from "node:path";
import type { CheckpointMetadata } from "../../runtime/checkpoint/format/checkpoint-metadata.ts";
import { loadCheckpoint } from "../../runtime/checkpoint/storage/load-checkpoint.ts";

/** A savepoint or checkpoint, and its folder, absolute. */
export interface OpenedSavepoint {
  readonly metadata: CheckpointMetadata;
  readonly path: string;
}

/**
 * Reads the savepoint that a command line names.
 *
 * @param named its folder, or its `_metadata`: relative to `cwd`, or absolute
 * @throws SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED, RESTORE_REFUSED for another version of the format
 */
export async function openSavepoint(named: string, cwd: string): Promise<OpenedSavepoint> {
  const full = named.startsWith("file:") ? named : resolve(cwd, named);
  const { metadata, path } = await loadCheckpoint(full);
  return { metadata, path: path ?? full };
}
