import { join } from "node:path";
import { promisify } from "node:util";
import { gzip as gzipCallback } from "node:zlib";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { shownPath } from "../files/file-problem.ts";
import type { PartEncoder } from "../formats/record-encoder.ts";
import type { FileCommittable, FilePartState } from "./file-committable.ts";
import type { IoQueue } from "./io-queue.ts";
import { sinkProblem } from "./disk-parts.ts";
import type { PartName } from "./part-names.ts";
import type { PartHandle, PartStorage } from "./part-storage.ts";

const gzip = promisify(gzipCallback);

/** What a part is made with. */
export interface PartOptions<T> {
  readonly bucket: string;
  readonly directory: string;
  /** The next name of the writer; asked again where one is in use. */
  readonly nextName: () => PartName;
  readonly storage: PartStorage;
  /** Told of directories that have new entries. */
  readonly onNewEntries: (directories: readonly string[]) => void;
  readonly job: string;
  readonly attempt: number;
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
  #handle: PartHandle | undefined;
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
      const { storage } = this.#options;
      if ((await storage.sizeOf(state.temporary)) === undefined) {
        // After a restore of an older checkpoint: the part was completed since, and holds these records.
        if ((await storage.sizeOf(state.path)) !== undefined) return;
        throw isGone(state);
      }
      await storage.copyPrefix(state.temporary, state.size, this.#handle!);
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

  /** Ends the part; `done` gets what is to be committed, once it is all on disk; undefined where there is nothing in it. */
  finish(done: (part: FileCommittable | undefined) => void): void {
    this.cut();
    this.sync();
    this.#queue.add(0, async () => {
      await this.#guarded("close", (handle) => handle.close());
      this.#handle = undefined;
      if (this.#size === 0) {
        await this.#options.storage.remove(this.#temporary!);
        done(undefined);
        return;
      }
      const { job, attempt } = this.#options;
      done({
        kind: "part",
        temporary: this.#temporary!,
        path: this.#final!,
        size: this.#size,
        job,
        attempt,
      });
    });
  }

  /** What a checkpoint keeps; only when everything handed over is on disk. */
  state(): FilePartState {
    const { job } = this.#options;
    return { bucket: this.bucket, temporary: this.#temporary!, path: this.#final!, size: this.#size, job };
  }

  /** Closes the file where it is open. Only when the queue stands still. */
  async abandon(remove: boolean): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    if (remove && this.#temporary !== undefined) await this.#options.storage.remove(this.#temporary);
  }

  get temporary(): string | undefined {
    return this.#temporary;
  }

  #cutText(): void {
    this.#chunks.push(Buffer.from(this.#text));
    this.#text = "";
  }

  async #create(): Promise<void> {
    const { directory, nextName, storage, onNewEntries } = this.#options;
    onNewEntries(await storage.prepareDirectory(directory));
    while (this.#handle === undefined) {
      const name = nextName();
      const temporary = join(directory, name.temporary);
      const final = join(directory, name.final);
      this.#handle = await storage.create(temporary);
      if (this.#handle === undefined) continue;
      this.#temporary = temporary;
      this.#final = final;
      // Looked at only now that nobody else can take the name: the last one may just have been committed.
      if ((await storage.sizeOf(final)) !== undefined) await this.abandon(true);
    }
    onNewEntries([directory]);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const packed = this.#options.gzip ? await gzip(bytes) : bytes;
    await this.#guarded("write", (handle) => handle.appendFile(packed));
    this.#size += packed.length;
  }

  async #guarded(doing: string, work: (handle: PartHandle) => Promise<void>): Promise<void> {
    try {
      // The file is open from its creation, the queue's first piece of work, to its end.
      await work(this.#handle!);
    } catch (error) {
      throw sinkProblem(doing, this.#temporary ?? this.#options.directory, error);
    }
  }
}

function isGone({ temporary, path }: FilePartState): MillraceError {
  return new MillraceError(
    "SINK_FAILED",
    `file sink: ${shownPath(temporary)}, in which records of the checkpoint were being written, is gone, and there is no ${shownPath(path)}`,
    {
      help: "Hidden files belong to checkpoints: was the directory cleared? An older checkpoint than the last can't be restored once later ones have moved its files on.",
      details: { path: temporary },
    },
  );
}
