/**
 * What storage of checkpoints asks of a file system: the seam, so that tests can let it fail at any point and simulations can keep
 * files in memory. Paths are absolute. Failures are those of the system (`code`: "ENOSPC", ...); whoever calls says what was meant.
 */
export interface FileSystem {
  /** Makes a folder whose parent is there. Fails with EEXIST where something stands already. */
  makeFolder(path: string): Promise<void>;
  /** A new file. Fails with EEXIST where something stands already. */
  create(path: string): Promise<WritableFile>;
  /** A second name for a file, on the same file system. Fails with EEXIST. */
  link(existing: string, path: string): Promise<void>;
  /** Renames a file within its file system; what stood there before is gone. Atomic. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Removes a folder that is empty; fails with ENOTEMPTY otherwise. */
  removeFolder(path: string): Promise<void>;
  /** The names in a folder, in any order. */
  list(path: string): Promise<readonly string[]>;
  /** Makes a file that was written by someone else survive a loss of power. */
  syncFile(path: string): Promise<void>;
  /** Makes what was created, linked, renamed or removed in a folder survive a loss of power. */
  syncFolder(path: string): Promise<void>;
  /** Opens a file for reading, which is synchronous: see StateFileReader. */
  open(path: string): ReadableFile;
}

/** A file that is written from its beginning to its end, by one caller, one call at a time. */
export interface WritableFile {
  /** Appends all of `bytes`, which stay untouched until it settles. */
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A file that is read. */
export interface ReadableFile {
  readonly length: number;
  /** Fills `target` from this offset on; the number of bytes, less only at the file's end. */
  read(target: Uint8Array, offset: number): number;
  close(): void;
}
