import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip as gzipCallback } from "node:zlib";
import type { PartEncoder } from "../formats/record-encoder.ts";
import type { FileCommittable, FilePartState } from "./file-committable.ts";
import type { IoQueue } from "./io-queue.ts";
import { copyPrefix, createNew, prepareDirectory, removePart, sinkProblem, sizeOf } from "./part-storage.ts";

const gzip = promisify(gzipCallback);

/** Makes the name of the n-th part, without directory. */
export type PartNames = (n: number) => { readonly temporary: string; readonly final: string };

/** What a part is made with. */
export interface PartOptions<T> {
  readonly bucket: string;
  readonly directory: string;
  readonly names: PartNames;
  /** Counts the parts of a writer; taken from again where a name is in use. */
  readonly nextNumber: () => number;
  readonly encoder: PartEncoder<T>;
  readonly gzip: boolean;
  /** ms of the monotonic clock. */
  readonly now: number;
}

/**
 * A part file in progress: records are encoded into a buffer, buffers are written in order by the writer's queue. Gzipped
 * parts are made of one member for each buffer, so that every length at which a buffer ends is a whole file.
 */
export class PartFile<T> {
  readonly bucket: string;
  readonly createdAt: number;
  writtenAt: number;
  readonly #options: PartOptions<T>;
  readonly #queue: IoQueue;
  #handle: FileHandle | undefined;
  #temporary: string | undefined;
  #final: string | undefined;
  #text = "";
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  /** Bytes on disk. */
  #size = 0;
  /** Bytes taken before compression, on disk or underway. */
  #taken = 0;

  constructor(options: PartOptions<T>, queue: IoQueue) {
    this.#options = options;
    this.#queue = queue;
    this.bucket = options.bucket;
    this.createdAt = options.now;
    this.writtenAt = options.now;
    queue.add(0, () => this.#create());
  }

  /** About how many bytes wait in the buffer. */
  get buffered(): number {
    return this.#buffered;
  }

  /** About how many bytes of records it has. */
  get length(): number {
    return this.#taken + this.#buffered;
  }

  write(value: T, now: number): void {
    const encoded = this.#options.encoder.encode(value);
    if (typeof encoded === "string") {
      this.#text += encoded;
    } else {
      if (this.#text !== "") this.#cutText();
      // The encoder may use its bytes again.
      this.#chunks.push(encoded.slice());
    }
    this.#buffered += encoded.length;
    this.writtenAt = now;
  }

  /** Begins the part with the valid prefix of a predecessor's. */
  beginWith(state: FilePartState): void {
    this.#taken += state.size;
    this.#queue.add(0, async () => {
      // After a restore of an older checkpoint the predecessor may have been committed since.
      const from = (await sizeOf(state.temporary)) === undefined ? state.path : state.temporary;
      await copyPrefix(from, state.size, this.#handle!);
      this.#size += state.size;
    });
  }

  /** Hands the buffer to the queue. */
  cut(): void {
    if (this.#buffered === 0) return;
    if (this.#text !== "") this.#cutText();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#buffered = 0;
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    this.#taken += bytes.length;
    this.#queue.add(bytes.length, () => this.#append(bytes));
  }

  /** Makes what was handed over survive a loss of power. */
  sync(): void {
    this.#queue.add(0, () => this.#guarded("sync", (handle) => handle.datasync()));
  }

  /** Ends the part; `done` gets what is to be committed, once it is all on disk. */
  finish(done: (part: FileCommittable) => void): void {
    this.cut();
    this.sync();
    this.#queue.add(0, async () => {
      await this.#guarded("close", (handle) => handle.close());
      this.#handle = undefined;
      done({ kind: "part", temporary: this.#temporary!, path: this.#final!, size: this.#size });
    });
  }

  /** What a checkpoint keeps; only when everything handed over is on disk. */
  state(): FilePartState {
    return { bucket: this.bucket, temporary: this.#temporary!, path: this.#final!, size: this.#size };
  }

  /** Closes the file where it is open. Only when the queue stands still. */
  async abandon(remove: boolean): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    if (remove && this.#temporary !== undefined) await removePart(this.#temporary);
  }

  get temporary(): string | undefined {
    return this.#temporary;
  }

  #cutText(): void {
    this.#chunks.push(Buffer.from(this.#text));
    this.#text = "";
  }

  async #create(): Promise<void> {
    const { directory, names, nextNumber } = this.#options;
    await prepareDirectory(directory);
    while (this.#handle === undefined) {
      const name = names(nextNumber());
      const temporary = join(directory, name.temporary);
      const final = join(directory, name.final);
      if ((await sizeOf(final)) !== undefined) continue;
      this.#handle = await createNew(temporary);
      this.#temporary = temporary;
      this.#final = final;
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const packed = this.#options.gzip ? await gzip(bytes) : bytes;
    await this.#guarded("write", (handle) => handle.appendFile(packed));
    this.#size += packed.length;
  }

  async #guarded(doing: string, work: (handle: FileHandle) => Promise<void>): Promise<void> {
    try {
      // The file is open from its creation, the queue's first piece of work, to its end.
      await work(this.#handle!);
    } catch (error) {
      throw sinkProblem(doing, this.#temporary ?? this.#options.directory, error);
    }
  }
}
