import { MillraceError } from "millrace/internal/state-backend";
import type {
  NativeBinding,
  NativeDatabase,
  NativeOpenOptions,
  SliceBuffer,
} from "../binding/native-binding.ts";
import { RocksCursor } from "./rocks-cursor.ts";

/** How a database is opened. */
export interface RocksDbOptions {
  /** Bytes of one memtable; there are two at most. */
  readonly writeBufferSize: number;
  readonly readOnly?: boolean;
  /** Column family. Default: "default". */
  readonly family?: string;
}

/** Keys and values up to this size are copied into buffers that are there already. */
const KEY_BUFFER = 64 * 1024;
const VALUE_BUFFER = 256 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * One column family of one RocksDB database, synchronous.
 *
 * What the caller must know, because the binding hides nothing:
 * - `value` and a cursor's `key` and `value` are overwritten by the next call of any kind on this object: decode or copy at once.
 * - Writes made before the promise of `checkpoint` settles may be in the checkpoint. Its folder must not exist.
 * - One folder is opened by one thread only.
 * - There is no write-ahead log: what was written and not flushed is gone with the process.
 *
 * Opened with the first call that needs it, which takes a while: what fits into the cache and is never snapshotted needs no database.
 */
export class RocksDb {
  /** Where the bytes of the last `get` stand. */
  value: Buffer;
  readonly #binding: NativeBinding;
  readonly #path: string;
  readonly #options: RocksDbOptions;
  #opened: NativeDatabase | undefined;
  /** The binding writes through raw pointers into these: they live as long as the database. */
  readonly #buffers: Buffer[] = [];
  #values: Buffer;
  #keys: Buffer;
  readonly #state = new Uint32Array(4);
  readonly #cursors = new Set<RocksCursor>();
  #closed = false;

  constructor(binding: NativeBinding, path: string, options: RocksDbOptions) {
    this.#binding = binding;
    this.#path = path;
    this.#options = options;
    this.value = EMPTY;
    this.#values = EMPTY;
    this.#keys = EMPTY;
  }

  get #native(): NativeDatabase {
    return this.#opened ?? this.#open();
  }

  /** Column families of the whole database. */
  get families(): readonly string[] {
    return this.#native.columns;
  }

  /** The length of the key's value, which stands in `value`; -1 where there is none. */
  get(key: SliceBuffer): number {
    const database = this.#native;
    // Of a buffer it would read all; of the keys' buffer it reads as much as it is told.
    this.#roomForKeys(key.end);
    key.copy(this.#keys, 0, 0, key.end);
    let got: ReturnType<NativeDatabase["getSync"]>;
    try {
      got = database.getSync(key.end, 0);
    } catch (error) {
      throw failed("read", this.#path, error);
    }
    if (typeof got === "number") {
      this.value = this.#values;
      return got;
    }
    if (got === undefined) return -1;
    this.value = got;
    return got.length;
  }

  put(key: SliceBuffer, value: SliceBuffer): void {
    try {
      this.#native.putSync(key, value);
    } catch (error) {
      throw failed("write", this.#path, error);
    }
  }

  remove(key: SliceBuffer): void {
    try {
      this.#native.removeSync(key);
    } catch (error) {
      throw failed("write", this.#path, error);
    }
  }

  /** Walks the rows of [from, to), as they are now. `close` it: it holds on to memory and files. */
  scan(from: Uint8Array, to: Uint8Array): RocksCursor {
    const database = this.#native;
    this.#roomForKeys(from.length + to.length);
    this.#keys.set(from, 0);
    this.#keys.set(to, from.length);
    const native = new this.#binding.Iterator(
      database,
      this.#binding.constants.ITERATOR_INCLUDE_VALUES_FLAG,
      from.length,
      from.length,
      from.length + to.length,
    );
    const cursor = new RocksCursor(native, this.#binding.constants, this.#state, this.#values, {
      failed: (error) => failed("read", this.#path, error),
      closed: () => this.#cursors.delete(cursor),
    });
    cursor.keys = this.#keys;
    this.#cursors.add(cursor);
    return cursor;
  }

  /** A copy of the database in a folder that must not exist yet, by hard links. Appears under its name when it is whole. */
  checkpoint(path: string): Promise<void> {
    return new Promise((resolve, reject) => this.#native.createCheckpoint(resolve, reject, path));
  }

  /** Removes the column family with all its rows. Not the default one. */
  drop(): void {
    this.#native.dropSync();
    this.close();
  }

  /** A figure that RocksDB knows of itself, such as "rocksdb.cur-size-all-mem-tables". */
  figure(name: string): number {
    return this.#native.getDBIntProperty(name);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const cursor of this.#cursors) cursor.close();
    this.#opened?.close();
  }

  #open(): NativeDatabase {
    if (this.#closed) throw new MillraceError("INTERNAL", `the database in ${this.#path} was closed`);
    const native = new this.#binding.Database();
    this.#values = Buffer.allocUnsafeSlow(VALUE_BUFFER);
    this.#keys = Buffer.allocUnsafeSlow(KEY_BUFFER);
    this.#buffers.push(this.#values, this.#keys);
    attempt("open", this.#path, () => {
      native.open(this.#path, nativeOptions(this.#options));
      native.setDefaultKeyBuffer(this.#keys);
      native.setDefaultValueBuffer(this.#values);
      native.setIteratorState(this.#state);
    });
    this.#opened = native;
    return native;
  }

  #roomForKeys(bytes: number): void {
    if (bytes <= this.#keys.length) return;
    this.#keys = Buffer.allocUnsafeSlow(bytes * 2);
    this.#buffers.push(this.#keys);
    this.#native.setDefaultKeyBuffer(this.#keys);
    for (const cursor of this.#cursors) cursor.keys = this.#keys;
  }
}

function nativeOptions({
  writeBufferSize,
  readOnly = false,
  family = "default",
}: RocksDbOptions): NativeOpenOptions {
  return {
    name: family,
    readOnly,
    disableWAL: true,
    writeBufferSize,
    maxWriteBufferNumber: 2,
    maxWriteBufferSizeToMaintain: 0,
    compression: "lz4",
    parallelismThreads: 2,
    maxOpenFiles: -1,
    // Values in files of their own would be two kinds of files to carry, for nothing: state is small values.
    blobs: { enabled: false },
    infoLogLevel: 3,
    maxLogFileSize: 1024 * 1024,
  };
}

function attempt(what: string, path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw failed(what, path, error);
  }
}

/** The error for what RocksDB could not do: the disk is full, a file is damaged. */
function failed(what: string, path: string, error: unknown): MillraceError {
  if (MillraceError.is(error)) return error;
  return new MillraceError(
    "STATE_BACKEND_UNAVAILABLE",
    `RocksDB can't ${what} its folder ${path}: ${(error as Error).message}`,
    {
      cause: error,
      retryable: true,
      help: "The folder must be writable and on a local disk with room: see state.backend.rocksdb.localdir.",
    },
  );
}
