import type { StateBytes } from "../../../protocol/control/snapshots.ts";

/**
 * Where the tasks of one slot write the state of one checkpoint, and read what they restore. Implementations: files in a folder, memory
 * (everything inline). One suite tests both. Used on the task's thread.
 */
export interface StateFiles {
  /**
   * A new file. `label` makes its name readable ("count-3"); the name itself is never used again by anybody. Bytes up to the location's
   * threshold never become a file: they end inline.
   */
  create(label: string): StateFileWriter;
  /**
   * Takes over a complete file that the caller keeps (an SST file of RocksDB): a hard link where possible, else a copy, synced. The caller
   * may delete its own afterwards, but must not change it.
   * @param checksum its CRC-32, where the caller knows it: nobody has to read the file for it then
   */
  adopt(path: string, label: string, checksum?: number): Promise<StateBytes>;
  /** Removes a file that was made here, and that nobody was told of: its checkpoint was given up. Never throws: an orphan does no harm. */
  discard?(bytes: StateBytes): Promise<void>;
  /** Opens what was written, by whomever. @throws CHECKPOINT_STORAGE_FAILED, CHECKPOINT_CORRUPT when its length is wrong */
  open(bytes: StateBytes): StateFileReader;
}

/** A file that is being written, once, from its beginning to its end. */
export interface StateFileWriter {
  /** Bytes written so far. */
  readonly position: number;
  /** Appends a copy of `bytes`. Never waits: see `backlog`. */
  write(bytes: Uint8Array): void;
  /** Bytes that are not yet with the operating system. Whoever writes much awaits `drained` when this is over a few MB. */
  readonly backlog: number;
  /** Settles when the backlog is small. @throws CHECKPOINT_STORAGE_FAILED (disk full, ...) */
  drained(): Promise<void>;
  /** The whole file, synced. Nothing may be written afterwards. @throws CHECKPOINT_STORAGE_FAILED */
  close(): Promise<StateBytes>;
  /**
   * Gives up: removes what was written, as far as possible, after `close`, too, as long as nobody was given the handle. Waits for what is
   * underway. Never throws; `drained` and `close` that wait reject with CHECKPOINT_ABORTED.
   */
  abort(): Promise<void>;
}

/** A file that is read at random positions. Synchronous: only restoring tasks and tools read, and have nothing else to do. */
export interface StateFileReader {
  /** Names it in errors: its path, or "inline". */
  readonly name: string;
  readonly length: number;
  /**
   * A file of this machine that holds the same, where that is another than the one that was opened: who takes it over whole may link or copy
   * it, must not change it, and falls back to the one that was opened.
   */
  readonly path?: string;
  /** Bytes [offset, offset + length), the reader's own. @throws CHECKPOINT_CORRUPT when the file ends before, CHECKPOINT_STORAGE_FAILED */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}
