import { mkdirSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tempFolder } from "../../../common/testing/temp-folder.ts";
import { createStateFiles } from "./create-state-files.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import type { FileSystem } from "./file-system.ts";
import { describeStateFiles } from "./testing/state-files-suite.ts";
import { STATE_FILE_NAME } from "./unique-name.ts";

const THRESHOLD = 20_480;

describeStateFiles("a folder", (path) => {
  const folder = join(path, "shared");
  mkdirSync(folder);
  const location = { directory: folder, inlineThreshold: THRESHOLD };
  return { files: createStateFiles(location), folder, threshold: THRESHOLD };
});

describeStateFiles("memory", () => ({
  files: createStateFiles({ directory: undefined, inlineThreshold: THRESHOLD }),
  folder: undefined,
  threshold: 1_000_000,
}));

describe("files of state in a folder", () => {
  const large = new Uint8Array(100);
  const at = (directory: string, fileSystem: FileSystem = nodeFileSystem) =>
    createStateFiles({ directory, inlineThreshold: 10 }, { fileSystem });

  function systemError(code: string): Error {
    return Object.assign(new Error(`${code}: as the system says it`), { code });
  }

  /** The machine's, but this operation fails. */
  const failing = (operation: "create" | "link" | "syncFolder" | "syncFile", code: string): FileSystem => ({
    ...nodeFileSystem,
    [operation]: async () => {
      throw systemError(code);
    },
  });

  const failingFile = (operation: "write" | "sync" | "close", code: string): FileSystem => ({
    ...nodeFileSystem,
    async create(path) {
      const file = await nodeFileSystem.create(path);
      return {
        write: (bytes) => file.write(bytes),
        sync: () => file.sync(),
        close: () => file.close(),
        [operation]: async () => {
          if (operation === "close") await file.close();
          throw systemError(code);
        },
      };
    },
  });

  it("gives every file a name of its own that tells what it is", async () => {
    using dir = tempFolder();
    const files = at(dir.path);
    for (const label of ["count-3", "count-3", "a/b \u00e4 c", "", "x".repeat(300)]) {
      const file = files.create(label);
      file.write(large);
      await file.close();
    }
    const names = readdirSync(dir.path);
    expect(new Set(names).size).toBe(5);
    for (const name of names) expect(name).toMatch(STATE_FILE_NAME);
    expect(names.filter((name) => name.startsWith("count-3-"))).toHaveLength(2);
    expect(names.filter((name) => name.startsWith("a_b_c-"))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith("state-"))).toHaveLength(1);
  });

  it("takes another name where one is taken", async () => {
    using dir = tempFolder();
    let calls = 0;
    const files = createStateFiles(
      { directory: dir.path, inlineThreshold: 0 },
      { randomBytes: (count) => new Uint8Array(count).fill(calls++ >> 1) },
    );
    for (let i = 0; i < 3; i++) {
      const file = files.create("same");
      file.write(large);
      await file.close();
    }
    expect(readdirSync(dir.path)).toHaveLength(3);
  });

  it("links files that it takes over, and copies them where there are no links", async () => {
    using dir = tempFolder();
    const path = dir.write("theirs", new Uint8Array(100).fill(7));
    for (const fileSystem of [nodeFileSystem, failing("link", "EXDEV")]) {
      const handle = await at(dir.path, fileSystem).adopt(path, "sst");
      expect(handle.kind === "file" && statSync(handle.path).nlink).toBe(
        fileSystem === nodeFileSystem ? 2 : 1,
      );
      expect(handle.kind === "file" && statSync(handle.path).size).toBe(100);
      if (handle.kind === "file") unlinkSync(handle.path);
    }
    await expect(at(dir.path, failing("link", "ENOSPC")).adopt(path, "sst")).rejects.toThrowError(
      "disk is full",
    );
    expect(readdirSync(dir.path)).toEqual(["theirs"]);
  });

  const problems: [string, FileSystem, RegExp][] = [
    ["create", failing("create", "EACCES"), /can't create .*\/count-3-\w+: permission denied \(EACCES\)/u],
    ["write", failingFile("write", "ENOSPC"), /can't write .*\/count-3-\w+: the disk is full \(ENOSPC\)/u],
    ["sync", failingFile("sync", "EIO"), /can't sync .*: the disk reported an input\/output error/u],
    ["close", failingFile("close", "EDQUOT"), /can't close .*: the disk quota is used up/u],
    ["folder", failing("syncFolder", "EWHATEVER"), /can't sync the folder of .*: EWHATEVER: as the system/u],
  ];
  it.each(problems)("says plainly what the disk refused: %s", async (_, fileSystem, message) => {
    using dir = tempFolder();
    const file = at(dir.path, fileSystem).create("count-3");
    file.write(large);
    const failure = expect.objectContaining({
      code: "CHECKPOINT_STORAGE_FAILED",
      message: expect.stringMatching(message),
      cause: expect.objectContaining({ code: expect.any(String) }),
      details: expect.objectContaining({ path: expect.stringContaining(dir.path) }),
    });
    await expect(file.close()).rejects.toThrowError(failure);
    await expect(file.close()).rejects.toThrowError(failure);
    expect([readdirSync(dir.path), dir.openFiles()]).toEqual([[], 0]);
  });

  it("tells who waits of a failure, and takes what is written after it", async () => {
    using dir = tempFolder();
    const file = at(dir.path, failingFile("write", "ENOSPC")).create("x");
    const block = new Uint8Array(2 * 1024 * 1024);
    file.write(block);
    const failure = expect.objectContaining({ code: "CHECKPOINT_STORAGE_FAILED", retryable: true });
    await expect(file.drained()).rejects.toThrowError(failure);
    file.write(block);
    await expect(file.drained()).rejects.toThrowError(failure);
    await file.abort();
    expect(readdirSync(dir.path)).toEqual([]);
  });

  it("wakes who waits when it is given up", async () => {
    using dir = tempFolder();
    let release = (): void => {};
    const slow: FileSystem = {
      ...nodeFileSystem,
      async create(path) {
        await new Promise<void>((resolve) => (release = resolve));
        return nodeFileSystem.create(path);
      },
    };
    const file = at(dir.path, slow).create("x");
    file.write(new Uint8Array(2 * 1024 * 1024));
    const waiting = file.drained().catch((error: unknown) => error);
    const aborted = file.abort();
    expect(await waiting).toMatchObject({ code: "CHECKPOINT_ABORTED" });
    release();
    await aborted;
    expect(readdirSync(dir.path)).toEqual([]);
  });

  it("names a folder that is gone", async () => {
    using dir = tempFolder();
    const folder = join(dir.path, "shared");
    const file = at(folder).create("x");
    file.write(large);
    await expect(file.close()).rejects.toThrowError(/can't create .*shared\/x-\w+: it does not exist/u);
  });
});
