import { cpSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import { stateFilesOf } from "../format/map-state-bytes.ts";
import { tempFolder } from "../../../common/testing/temp-folder.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import { createCheckpointStore } from "./create-checkpoint-store.ts";
import { createStateFiles } from "./create-state-files.ts";
import { loadCheckpoint } from "./load-checkpoint.ts";
import { metadataOf, testJob } from "./testing/checkpoint-metadata.ts";
import { describeCheckpointStore } from "./testing/checkpoint-store-suite.ts";
import { MemoryFileSystem, systemError } from "./testing/memory-file-system.ts";

describeCheckpointStore("a folder", "/checkpoints", createCheckpointStore);
describeCheckpointStore("memory", undefined, createCheckpointStore);

async function openStore(directory: string, savepointDirectory?: string): Promise<CheckpointStore> {
  const store = createCheckpointStore({ directory, savepointDirectory, inlineThreshold: 10 });
  await store.open(testJob);
  return store;
}

async function write(directory: string | undefined, text: string): Promise<StateBytes> {
  const file = createStateFiles({ directory, inlineThreshold: 10 }).create("count-0");
  file.write(Buffer.from(text));
  return file.close();
}

describe("checkpoints in a folder", () => {
  it("can be moved as a whole", async () => {
    using folder = tempFolder();
    const store = await openStore(join(folder.path, "a"));
    const part = await write(store.location.directory, "some state of a subtask");
    const { path } = await store.record(metadataOf(7, [part]), store.location);
    renameSync(join(folder.path, "a"), join(folder.path, "b"));
    const moved = join(folder.path, "b", relative(join(folder.path, "a"), path!));
    for (const named of [
      moved,
      join(moved, "_metadata"),
      `${moved}/`,
      pathToFileURL(moved).href,
      relative(process.cwd(), moved),
    ]) {
      const { metadata, path: found } = await loadCheckpoint(named);
      expect(found).toBe(moved);
      const [file] = stateFilesOf(metadata);
      expect(readFileSync(file!, "utf8")).toBe("some state of a subtask");
    }
  });

  it("keep their folder while there is no state large enough for a file", async () => {
    using folder = tempFolder();
    const store = await openStore(folder.path);
    const { directory } = store.location;
    const first = await store.record(
      metadataOf(1, [await write(directory, "some state of a subtask")]),
      store.location,
    );
    await store.record(metadataOf(2, []), store.location);
    expect(await store.discard(first)).toBeUndefined();
    const part = await write(directory, "some state again");
    expect(stateFilesOf(metadataOf(3, [part])).size).toBe(1);
  });

  it("are found by people who name something near", async () => {
    using folder = tempFolder();
    const store = await openStore(folder.path);
    for (const id of [9, 10, 2]) await store.record(metadataOf(id, []), store.location);
    mkdirSync(join(folder.path, testJob, "chk-11"));
    const jobFolder = join(folder.path, testJob);
    const notFound = (help: string) =>
      expect.objectContaining({
        code: "SAVEPOINT_NOT_FOUND",
        message: expect.stringMatching(
          /^there is no savepoint or checkpoint at .*: expected a folder with a _metadata/u,
        ),
        help: expect.stringContaining(help),
      });
    await expect(loadCheckpoint(jobFolder)).rejects.toThrowError(
      notFound(`the newest is ${join(jobFolder, "chk-10")}.`),
    );
    await expect(loadCheckpoint(folder.path)).rejects.toThrowError(
      notFound(`Name one of those below it: ${join(jobFolder, "chk-10")}.`),
    );
    for (const wrong of [
      join(jobFolder, "chk-11"),
      join(folder.path, "nothing"),
      join(jobFolder, "chk-10", "_metadata", "_metadata"),
    ])
      await expect(loadCheckpoint(wrong)).rejects.toThrowError(notFound("Name the folder"));
  });

  it("are not written over", async () => {
    using folder = tempFolder();
    const store = await openStore(folder.path);
    await store.record(metadataOf(1, [], { jobName: "the first" }), store.location);
    await expect(store.record(metadataOf(1, []), store.location)).rejects.toThrowError(
      expect.objectContaining({
        code: "CHECKPOINT_STORAGE_FAILED",
        message: expect.stringContaining("another process has recorded that checkpoint"),
      }),
    );
    const other = await openStore(folder.path);
    await other.record(metadataOf(1, [], { jobName: "the second" }), other.location);
    const found = await other.completed();
    expect(found.map(({ metadata, path }) => [metadata.jobName, metadata.epoch, basename(path!)])).toEqual([
      ["the first", 1, "chk-1"],
      ["the second", 2, "chk-1-2"],
    ]);
    expect(await other.newest()).toStrictEqual(found[1]);
  });

  it("are not recorded when a file that they name is gone", async () => {
    using folder = tempFolder();
    const store = await openStore(folder.path);
    const part = await write(store.location.directory, "some state of a subtask");
    await store.discard(await store.record(metadataOf(1, [part]), store.location));
    await expect(store.record(metadataOf(2, [part]), store.location)).rejects.toThrowError(
      expect.objectContaining({
        code: "CHECKPOINT_CORRUPT",
        message: expect.stringContaining("the file is missing"),
      }),
    );
    expect(folder.files()).toEqual([`${testJob}/owner-1`]);
  });

  it("that another job left are claimed without harm to those beside them", async () => {
    using folder = tempFolder();
    const old = await openStore(folder.path);
    const shared = old.location.directory;
    const [base, change, last] = [
      await write(shared, "base of several"),
      await write(shared, "change of one"),
      await write(shared, "last of the other"),
    ];
    await old.record(metadataOf(1, [base, change]), old.location);
    const second = await old.record(metadataOf(2, [base, last]), old.location);
    const store = createCheckpointStore({
      directory: folder.path,
      savepointDirectory: undefined,
      inlineThreshold: 10,
    });
    await store.open("b".repeat(32) as typeof testJob);
    const claimed = await loadCheckpoint(second.path!);
    await store.claim(claimed);
    // What it has is named as it is.
    const own = await store.record(metadataOf(3, [base]), store.location);
    expect([...stateFilesOf(own.metadata)]).toEqual([...stateFilesOf(second.metadata)].slice(0, 1));
    await store.discard(claimed);
    await store.discard(own);
    const first = await loadCheckpoint(join(folder.path, testJob, "chk-1"));
    for (const path of stateFilesOf(first.metadata)) readFileSync(path);
    expect(folder.files()).toHaveLength(5);
    await store.claim(first);
    await store.discard(first);
    await store.close();
    expect(folder.files()).toEqual([]);
  });

  it("leave no orphans behind when their master died, and lose nothing", async () => {
    using folder = tempFolder();
    const died = await openStore(folder.path);
    const shared = died.location.directory!;
    const kept = await write(shared, "state of a checkpoint");
    await died.record(metadataOf(1, [kept]), died.location);
    await write(shared, "state of none");
    folder.write(`${testJob}/chk-2/_metadata.5fa1.tmp`, "half");
    folder.write(`${testJob}/shared/notes.txt`, "of the operator of the machine");
    const store = await openStore(folder.path);
    await store.removeOrphans();
    const left = [
      `${testJob}/chk-1/_metadata`,
      `${testJob}/owner-2`,
      `${testJob}/shared/${relative(shared, kept.kind === "file" ? kept.path : "")}`,
      `${testJob}/shared/notes.txt`,
    ].sort();
    expect(folder.files()).toEqual(left);
    // As long as one can't be read, nobody knows what it names.
    await write(shared, "state of another none");
    cpSync(
      join(folder.path, testJob, "shared", "notes.txt"),
      join(folder.path, testJob, "chk-1", "_metadata"),
    );
    await store.removeOrphans();
    expect(folder.files()).toHaveLength(5);
  });

  it("need a folder that can be written, which is found out at once", async () => {
    const problems: [string, string, RegExp][] = [
      ["makeFolder", "EACCES", /can't make the folder .*\/checkpoints.*: permission denied/u],
      // Some file systems say so although the parent is there; nobody tries for ever.
      ["makeFolder", "ENOENT", /can't make the folder \/checkpoints: it does not exist/u],
      ["create", "EROFS", /can't write to .*\/shared: the file system is read-only/u],
      ["create", "ENOSPC", /can't write to .*\/shared: the disk is full/u],
    ];
    for (const [operation, code, message] of problems) {
      const fileSystem = new MemoryFileSystem();
      fileSystem.before = (name, path) => {
        if (name === operation) throw systemError(code, path);
      };
      const store = createCheckpointStore({
        directory: "/checkpoints",
        savepointDirectory: undefined,
        inlineThreshold: 10,
        fileSystem,
      });
      await expect(store.open(testJob)).rejects.toThrowError(
        expect.objectContaining({
          code: "CHECKPOINT_STORAGE_FAILED",
          message: expect.stringMatching(message),
        }),
      );
    }
    using folder = tempFolder();
    const file = folder.write("file", "x");
    await expect(openStore(file)).rejects.toThrowError(
      /can't make the folder .*: a part of the path is a file/u,
    );
    await expect(openStore(join(file, "below"))).rejects.toThrowError(/a part of the path is a file/u);
  });
});
