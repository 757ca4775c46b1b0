/*
 * The part of the native binding that is used, as version 2.10.0 is. Nothing but `db/` may touch it: what can go wrong with it
 * is said, and kept from happening, there.
 */

/** A Buffer of which the binding reads the bytes from `start` to `end`. Set both before each call. */
export interface SliceBuffer extends Buffer {
  start: number;
  end: number;
}

/** Settings of one column family, and of its database where it is the first to be opened. */
export interface NativeOpenOptions {
  readonly name: string;
  readonly readOnly: boolean;
  readonly disableWAL: boolean;
  /** Bytes of one memtable. */
  readonly writeBufferSize: number;
  readonly maxWriteBufferNumber: number;
  /** Memtables that are flushed but kept for transactions: we have none. */
  readonly maxWriteBufferSizeToMaintain: number;
  readonly compression: string;
  readonly parallelismThreads: number;
  readonly maxOpenFiles: number;
  readonly blobs: { readonly enabled: boolean };
  readonly infoLogLevel: number;
  readonly maxLogFileSize: number;
}

/** One column family of one database. */
export interface NativeDatabase {
  readonly columns: readonly string[];
  open(path: string, options: NativeOpenOptions): void;
  close(): void;
  /** The buffers are written to through raw pointers for as long as the database is open. */
  setDefaultKeyBuffer(buffer: Buffer): void;
  setDefaultValueBuffer(buffer: Buffer): void;
  setIteratorState(state: Uint32Array): void;
  /** The key stands in the key buffer. undefined: there is no such key. A number: so many bytes stand in the value buffer. A Buffer: they did not fit. */
  getSync(keyLength: number, flags: number): number | Buffer | undefined;
  putSync(key: SliceBuffer, value: SliceBuffer): void;
  removeSync(key: SliceBuffer): void;
  createCheckpoint(resolve: () => void, reject: (error: Error) => void, path: string): void;
  dropSync(): void;
  getDBIntProperty(name: string): number;
}

/** A walk over rows. */
export interface NativeIterator {
  next(): number | { readonly key: Buffer; readonly value: Buffer };
  return(): void;
}

/** The binding itself. */
export interface NativeBinding {
  readonly version: string;
  readonly Database: new () => NativeDatabase;
  readonly Iterator: new (
    database: NativeDatabase,
    flags: number,
    startEnd: number,
    endStart: number,
    endEnd: number,
  ) => NativeIterator;
  readonly constants: {
    readonly ITERATOR_INCLUDE_VALUES_FLAG: number;
    readonly ITERATOR_RESULT_DONE: number;
    readonly ITERATOR_RESULT_FAST: number;
  };
  /** Settings of the whole process. */
  config(options: { readonly blockCacheSize?: number; readonly verificationTableEntries?: number }): void;
}
