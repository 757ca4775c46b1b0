import type { FileSystem, WritableFile } from "../storage/file-system.ts";

/**
 * The same file system without waiting for the disk: for files that nobody reads any more once this process has ended. What is written
 * through it may be lost or cut short with the machine's power.
 *
 * @example `const file = await unsynced(nodeFileSystem).create("/tmp/copy");`
 */
export function unsynced(fileSystem: FileSystem): FileSystem {
  return {
    makeFolder: (path) => fileSystem.makeFolder(path),
    create: async (path) => new UnsyncedFile(await fileSystem.create(path)),
    link: (existing, path) => fileSystem.link(existing, path),
    rename: (from, to) => fileSystem.rename(from, to),
    remove: (path) => fileSystem.remove(path),
    removeFolder: (path) => fileSystem.removeFolder(path),
    list: (path) => fileSystem.list(path),
    syncFile: async () => {},
    syncFolder: async () => {},
    open: (path) => fileSystem.open(path),
  };
}

class UnsyncedFile implements WritableFile {
  readonly #file: WritableFile;

  constructor(file: WritableFile) {
    this.#file = file;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#file.write(bytes);
  }

  async sync(): Promise<void> {
    // See above.
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
