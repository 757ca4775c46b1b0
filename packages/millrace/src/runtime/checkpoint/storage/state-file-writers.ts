import { join } from "node:path";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { FileSystem, WritableFile } from "./file-system.ts";
import type { StateFileWriter } from "./state-files.ts";
import { errorCode, storageProblem } from "./storage-problem.ts";

/** Bytes gathered for one write: small at first, because most states are. */
const FIRST_CHUNK = 8 * 1024;
const LARGEST_CHUNK = 1024 * 1024;
/** A backlog below this is no reason to wait. */
const SMALL_BACKLOG = 1024 * 1024;

/** Gathers bytes, and hands on chunks of them. */
class Chunks {
  #chunk = Buffer.allocUnsafeSlow(FIRST_CHUNK);
  #used = 0;
  /** A chunk of the largest size that nobody needs any more: new memory of a large file would make V8 collect garbage for its sake. */
  #spare: Buffer<ArrayBuffer> | undefined;
  readonly #onFull: (chunk: Buffer) => void;

  constructor(onFull: (chunk: Buffer) => void) {
    this.#onFull = onFull;
  }

  add(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const to = Math.min(bytes.length, from + this.#chunk.length - this.#used);
      this.#chunk.set(bytes.subarray(from, to), this.#used);
      this.#used += to - from;
      from = to;
      if (this.#used === this.#chunk.length) this.cut();
    }
  }

  /** Hands on what there is. */
  cut(): void {
    if (this.#used === 0) return;
    const full = this.#chunk.subarray(0, this.#used);
    this.#chunk = this.#spare ?? Buffer.allocUnsafeSlow(Math.min(LARGEST_CHUNK, 2 * this.#chunk.length));
    this.#spare = undefined;
    this.#used = 0;
    this.#onFull(full);
  }

  /** A chunk that was handed on, and is written, may be used again. */
  giveBack(chunk: Uint8Array): void {
    if (chunk.length === LARGEST_CHUNK) this.#spare = Buffer.from(chunk.buffer as ArrayBuffer);
  }
}

/** Keeps everything. */
export class InlineFileWriter implements StateFileWriter {
  position = 0;
  readonly backlog = 0;
  #kept: Uint8Array[] = [];
  readonly #chunks = new Chunks((chunk) => void this.#kept.push(chunk));

  write(bytes: Uint8Array): void {
    this.position += bytes.length;
    this.#chunks.add(bytes);
  }

  async drained(): Promise<void> {
    // There is never a backlog.
  }

  async close(): Promise<StateBytes> {
    this.#chunks.cut();
    return inline(this.#kept);
  }

  async abort(): Promise<void> {
    this.#kept = [];
  }
}

/**
 * Writes a file in a folder; nothing is created before more bytes came than stay inline. Chunks are written one after the other while
 * more are gathered.
 */
export class FolderFileWriter implements StateFileWriter {
  position = 0;
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  readonly #newName: () => string;
  readonly #threshold: number;
  /** Chunks that are not yet being written: all of them, as long as it is not known whether there will be a file. */
  #kept: Uint8Array[] = [];
  /** Bytes in `kept`, and in the chunk that is being written. */
  #unwritten = 0;
  readonly #chunks = new Chunks((chunk) => {
    this.#kept.push(chunk);
    this.#unwritten += chunk.length;
  });
  #waiting: (() => void)[] = [];
  #file: WritableFile | undefined;
  #path: string | undefined;
  #active = false;
  /** Settles, never rejects, when the writing that is underway is done. */
  #writing = Promise.resolve();
  #closing: Promise<StateBytes> | undefined;
  #failure: { readonly error: MillraceError } | undefined;

  /** @param threshold bytes up to which there is no file */
  constructor(fileSystem: FileSystem, folder: string, newName: () => string, threshold: number) {
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.#newName = newName;
    this.#threshold = threshold;
  }

  get backlog(): number {
    return this.position > this.#threshold ? this.#unwritten : 0;
  }

  write(bytes: Uint8Array): void {
    if (this.#closing !== undefined)
      throw new MillraceError("INTERNAL", "a file of state is written after its end");
    this.position += bytes.length;
    // Who writes on after a failure hears of it when he waits or closes.
    if (this.#failure !== undefined) return;
    this.#chunks.add(bytes);
    if (this.position > this.#threshold) this.#start();
  }

  async drained(): Promise<void> {
    while (this.#failure === undefined && this.backlog >= SMALL_BACKLOG)
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.#throwFailure();
  }

  close(): Promise<StateBytes> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async abort(): Promise<void> {
    this.#failure ??= {
      error: new MillraceError(
        "CHECKPOINT_ABORTED",
        "a file of state was given up together with its checkpoint",
      ),
    };
    this.#wake();
    try {
      await (this.#closing ?? this.#writing);
    } catch {
      // Whoever closes it hears of this.
    }
    this.#kept = [];
    await this.#remove();
  }

  async #close(): Promise<StateBytes> {
    this.#chunks.cut();
    if (this.position <= this.#threshold) {
      this.#throwFailure();
      return inline(this.#kept);
    }
    try {
      this.#start();
      await this.#writing;
      this.#throwFailure();
      await this.#guarded("sync", () => this.#file!.sync());
      const file = this.#file!;
      this.#file = undefined;
      await this.#guarded("close", () => file.close());
      await this.#guarded("sync the folder of", () => this.#fileSystem.syncFolder(this.#folder));
      this.#throwFailure();
    } catch (error) {
      await this.#remove();
      throw error;
    }
    return { kind: "file", path: this.#path!, length: this.position };
  }

  /** Writes what was kept, unless that is going on. */
  #start(): void {
    if (this.#active || this.#kept.length === 0) return;
    this.#active = true;
    this.#writing = this.#writeKept();
  }

  async #writeKept(): Promise<void> {
    try {
      this.#file ??= await this.#create();
      let chunk;
      while (this.#failure === undefined && (chunk = this.#kept.shift()) !== undefined)
        await this.#writeChunk(chunk);
    } catch (error) {
      // Errors here were made by storageProblem.
      this.#failure ??= { error: error as MillraceError };
    }
    // Together with the last look at what is kept: what comes from now on starts anew.
    this.#active = false;
    this.#wake();
  }

  async #writeChunk(chunk: Uint8Array): Promise<void> {
    await this.#guarded("write", () => this.#file!.write(chunk));
    this.#unwritten -= chunk.length;
    this.#chunks.giveBack(chunk);
    this.#wake();
  }

  async #create(): Promise<WritableFile> {
    for (;;) {
      const path = join(this.#folder, this.#newName());
      try {
        const file = await this.#fileSystem.create(path);
        this.#path = path;
        return file;
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw storageProblem("create", path, error);
      }
    }
  }

  async #remove(): Promise<void> {
    const file = this.#file;
    const path = this.#path;
    this.#file = undefined;
    this.#path = undefined;
    try {
      await file?.close();
    } catch {
      // It is to be removed.
    }
    try {
      if (path !== undefined) await this.#fileSystem.remove(path);
    } catch {
      // It stays behind as an orphan, which does no harm.
    }
  }

  async #guarded(doing: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw storageProblem(doing, this.#path ?? this.#folder, error);
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Bytes in a buffer of their own: they travel between threads, where a pool's whole buffer would go with them. */
function inline(chunks: readonly Uint8Array[]): StateBytes {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { kind: "inline", bytes };
}
