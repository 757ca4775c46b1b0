import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { createStateFiles, type StateFiles } from "millrace/internal/state-backend";

/** A folder for the checkpoints of a test file, removed at its end; in memory where the machine has such a disk. */
export function checkpointFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-rocksdb-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Files of a checkpoint in a folder. */
export function filesIn(directory: string | undefined, inlineThreshold = 1000): StateFiles {
  return createStateFiles({ directory, inlineThreshold });
}
