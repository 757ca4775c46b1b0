import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { link, mkdir, open, readdir, rename, rmdir, unlink, type FileHandle } from "node:fs/promises";
import type { FileSystem, ReadableFile, WritableFile } from "./file-system.ts";

/** The machine's file system. */
export const nodeFileSystem: FileSystem = {
  makeFolder: (path) => mkdir(path),
  create: async (path) => new NodeWritableFile(await open(path, "wx")),
  link,
  rename,
  remove: unlink,
  removeFolder: rmdir,
  list: (path) => readdir(path),
  async syncFile(path) {
    await using handle = await open(path, "r+");
    await handle.sync();
  },
  async syncFolder(path) {
    try {
      await using handle = await open(path, "r");
      await handle.sync();
    } catch (error) {
      // Windows can't sync folders, and does not need to.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EPERM" && code !== "EISDIR" && code !== "EINVAL") throw error;
    }
  },
  open: (path) => new NodeReadableFile(path),
};

class NodeWritableFile implements WritableFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#handle.appendFile(bytes);
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

class NodeReadableFile implements ReadableFile {
  readonly length: number;
  readonly #descriptor: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, "r");
    try {
      this.length = fstatSync(this.#descriptor).size;
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
  }

  read(target: Uint8Array, offset: number): number {
    let done = 0;
    while (done < target.length) {
      const read = readSync(this.#descriptor, target, done, target.length - done, offset + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
