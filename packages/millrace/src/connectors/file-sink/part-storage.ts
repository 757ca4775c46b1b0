/**
 * The files of a file sink: the only way in which its writers and committers touch the disk. Each call is one step, after which the process
 * may die; tests let it. What fails throws SINK_FAILED, naming the path, what was tried and what is wrong.
 */
export interface PartStorage {
  /**
   * Makes a directory, and those above it, where it is missing; checks that files can be made in it.
   *
   * @returns the directories whose entries are new, to be synced
   */
  prepareDirectory(path: string): Promise<readonly string[]>;
  /** Makes and opens a file that nobody has made before; undefined when the name is taken. */
  create(path: string): Promise<PartHandle | undefined>;
  /** A file's length in bytes; undefined where there is none. */
  sizeOf(path: string): Promise<number | undefined>;
  /** Copies the first `length` bytes of a file to the end of another. */
  copyPrefix(from: string, length: number, to: PartHandle): Promise<void>;
  /**
   * Renames a file, both names in one directory.
   *
   * @returns false when there is no such file (any more)
   */
  rename(from: string, to: string): Promise<boolean>;
  /** Removes a file; one that is gone already is no error. */
  remove(path: string): Promise<void>;
  /** Makes what was made, renamed and removed in these directories survive a loss of power. */
  syncDirectories(paths: Iterable<string>): Promise<void>;
  /** The hidden files in a directory and all below it, by absolute path; what can't be read is left out. */
  hiddenFiles(root: string): AsyncIterable<string>;
}

/** A file that is being written. */
export interface PartHandle {
  appendFile(bytes: Uint8Array): Promise<void>;
  /** Makes what was written survive a loss of power. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}
