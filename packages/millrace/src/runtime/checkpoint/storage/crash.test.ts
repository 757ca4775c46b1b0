import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import type { CheckpointLocation, StateBytes } from "../../../protocol/control/snapshots.ts";
import type { CheckpointMetadata } from "../format/checkpoint-metadata.ts";
import { stateBytesOf, stateFilesOf } from "../format/map-state-bytes.ts";
import type { CompletedCheckpoint } from "./checkpoint-store.ts";
import { createCheckpointStore } from "./create-checkpoint-store.ts";
import { createStateFiles } from "./create-state-files.ts";
import { loadCheckpoint } from "./load-checkpoint.ts";
import { openStateFile, readStateFile } from "./open-state-file.ts";
import { metadataOf, testJob } from "./testing/checkpoint-metadata.ts";
import { MemoryFileSystem, systemError } from "./testing/memory-file-system.ts";

/*
 * What a job does with its checkpoints, on a disk that fails: at one operation and all that follow (the process died), or at one alone. Each
 * operation is tried. Afterwards every checkpoint on the disk must be whole, and those that were reported must be there.
 */

/** What was reported to the job, and is to be found. */
interface Promised {
  readonly recorded: Set<string>;
  /** What was to be removed may be there or not. */
  readonly discarded: Set<string>;
}

const TEXT_LENGTH = 40;
const textOf = (label: string): string => label.padEnd(TEXT_LENGTH, ".");

/** The part of a master of checkpoints that this is about: what is recorded is kept, what failed is given up. */
async function runJob(fileSystem: MemoryFileSystem, promised: Promised): Promise<void> {
  const store = createCheckpointStore({
    directory: "/checkpoints",
    savepointDirectory: "/savepoints",
    inlineThreshold: 10,
    fileSystem,
  });
  await store.open(testJob);
  const write = async (label: string, location: CheckpointLocation): Promise<StateBytes> => {
    const file = createStateFiles(location, { fileSystem }).create(label);
    file.write(Buffer.from(textOf(label)));
    return file.close();
  };
  const take = async (
    id: number,
    labels: readonly string[],
    before: readonly StateBytes[] = [],
    kind: CheckpointMetadata["kind"] = "checkpoint",
  ): Promise<CompletedCheckpoint | undefined> => {
    const parts = [...before];
    try {
      const location = kind === "savepoint" ? await store.prepareSavepoint(undefined) : store.location;
      for (const label of labels) parts.push(await write(label, location));
      const completed = await store.record(metadataOf(id, parts, { kind }), location);
      promised.recorded.add(completed.path!);
      return completed;
    } catch {
      await store.discardUnrecorded(metadataOf(id, parts));
      return undefined;
    }
  };
  const discard = async (checkpoint: CompletedCheckpoint | undefined): Promise<void> => {
    if (checkpoint === undefined) return;
    promised.recorded.delete(checkpoint.path!);
    promised.discarded.add(checkpoint.path!);
    await store.discard(checkpoint);
  };
  const partsOf = (checkpoint: CompletedCheckpoint | undefined): readonly StateBytes[] =>
    checkpoint === undefined ? [] : stateBytesOf(checkpoint.metadata);

  const first = await take(1, ["base", "first"]);
  const second = await take(2, ["second"], partsOf(first).slice(0, 1));
  await discard(first);
  const savepoint = await take(3, ["saved"], partsOf(second).slice(-1), "savepoint");
  const third = await take(4, ["third"], [...partsOf(second), ...partsOf(savepoint)]);
  await discard(second);
  if (savepoint !== undefined) await store.claim(savepoint);
  await take(5, [], [...partsOf(third), ...partsOf(savepoint)]);
  await discard(savepoint);
  await discard(third);
  await store.removeOrphans();
  await store.close();
}

/** Every `_metadata` on the disk can be read, and all that it names. */
async function checkWhole(fileSystem: MemoryFileSystem): Promise<string[]> {
  const found = fileSystem.files().filter((path) => path.endsWith("/_metadata"));
  for (const path of found) {
    const { metadata } = await loadCheckpoint(path, fileSystem);
    for (const bytes of stateBytesOf(metadata)) {
      const reader = openStateFile(fileSystem, bytes);
      const text = Buffer.from(readStateFile(reader)).toString();
      reader.close();
      expect(text).toMatch(/^\w+\.+$/u);
      expect(text).toHaveLength(TEXT_LENGTH);
    }
  }
  return found.map(dirname);
}

/** Runs the job on a disk that lets each operation fail for which `fails` says so, by its number. */
async function runFailing(
  fails: (operation: number) => boolean,
): Promise<{ fileSystem: MemoryFileSystem; promised: Promised; operations: number; failed: string }> {
  const fileSystem = new MemoryFileSystem();
  const promised: Promised = { recorded: new Set(), discarded: new Set() };
  let operations = 0;
  let failed = "";
  fileSystem.before = (operation, path) => {
    if (!fails(operations++)) return;
    if (failed === "") failed = `${operation} ${path}`;
    throw systemError("EIO", path);
  };
  await runJob(fileSystem, promised).catch(() => undefined);
  fileSystem.before = () => {};
  return { fileSystem, promised, operations, failed };
}

describe("checkpoints on a disk that fails", async () => {
  const { operations, fileSystem: undisturbed } = await runFailing(() => false);

  it("has something to fail at", async () => {
    expect(operations).toBeGreaterThan(100);
    expect((await checkWhole(undisturbed)).map((path) => path.slice(-5))).toEqual(["chk-5"]);
  });

  it("are whole or not there when the process or the machine dies, at any operation", async () => {
    for (let last = 0; last < operations; last++) {
      const { fileSystem, promised, failed } = await runFailing((operation) => operation >= last);
      for (const how of ["kill", "power loss"] as const) {
        const found = await checkWhole(fileSystem.after(how)).catch((error: unknown) => {
          throw new Error(`${how} at operation ${last}, ${failed}`, { cause: error });
        });
        for (const path of promised.recorded) expect(found, `${how} at ${last}, ${failed}`).toContain(path);
      }
    }
  });

  it.each([1, 2, 3])(
    "are whole or not there when %i operations fail, and nothing stays of those given up",
    async (many) => {
      for (let at = 0; at < operations; at++) {
        const fails = (operation: number): boolean => operation >= at && operation < at + many;
        const { fileSystem, promised, failed } = await runFailing(fails);
        for (const how of ["kill", "power loss"] as const) {
          const found = await checkWhole(fileSystem.after(how)).catch((error: unknown) => {
            throw new Error(`${how} after operation ${at} failed, ${failed}`, { cause: error });
          });
          for (const path of promised.recorded) expect(found, `${how}: ${failed}`).toContain(path);
        }
        expect(fileSystem.openFiles, failed).toBe(0);
        // A master that comes later finds what is left over.
        const next = createCheckpointStore({
          directory: "/checkpoints",
          savepointDirectory: undefined,
          inlineThreshold: 10,
          fileSystem,
        });
        await next.open(testJob);
        await next.removeOrphans();
        const named = new Set<string>();
        for (const path of await checkWhole(fileSystem))
          for (const file of stateFilesOf((await loadCheckpoint(path, fileSystem)).metadata)) named.add(file);
        const shared = fileSystem.files().filter((path) => path.includes("/shared/"));
        expect(
          shared.filter((path) => !named.has(path)),
          failed,
        ).toEqual([]);
      }
    },
  );
});
