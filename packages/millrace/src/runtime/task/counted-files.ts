import type { StateBytes } from "../../protocol/control/snapshots.ts";
import type { StateFiles, StateFileWriter } from "../checkpoint/storage/state-files.ts";

/** The files of one snapshot: counts what is written to them, and removes them when the snapshot is given up. */
export class CountedFiles implements StateFiles {
  /** Bytes of all files that were finished or adopted. */
  written = 0;
  readonly #files: StateFiles;
  #finished: StateBytes[] = [];
  #discarded = false;

  constructor(files: StateFiles) {
    this.#files = files;
  }

  create(label: string): StateFileWriter {
    return new CountedWriter(this.#files.create(label), (bytes) => this.#finish(bytes));
  }

  async adopt(path: string, label: string, checksum?: number): Promise<StateBytes> {
    const bytes = await this.#files.adopt(path, label, checksum);
    this.#finish(bytes);
    return bytes;
  }

  /** Nobody will be told of these files, also of those that are still to be finished. */
  discardAll(): void {
    this.#discarded = true;
    for (const bytes of this.#finished) void this.#files.discard?.(bytes);
    this.#finished = [];
  }

  open(bytes: StateBytes): ReturnType<StateFiles["open"]> {
    return this.#files.open(bytes);
  }

  #finish(bytes: StateBytes): void {
    this.written += lengthOf(bytes);
    if (this.#discarded) void this.#files.discard?.(bytes);
    else this.#finished.push(bytes);
  }
}

/** Bytes of some state. */
export const lengthOf = (bytes: StateBytes): number =>
  bytes.kind === "inline" ? bytes.bytes.length : bytes.length;

class CountedWriter implements StateFileWriter {
  readonly #writer: StateFileWriter;
  readonly #onFinished: (bytes: StateBytes) => void;

  constructor(writer: StateFileWriter, onFinished: (bytes: StateBytes) => void) {
    this.#writer = writer;
    this.#onFinished = onFinished;
  }

  get position(): number {
    return this.#writer.position;
  }

  get backlog(): number {
    return this.#writer.backlog;
  }

  write(bytes: Uint8Array): void {
    this.#writer.write(bytes);
  }

  drained(): Promise<void> {
    return this.#writer.drained();
  }

  async close(): Promise<StateBytes> {
    const bytes = await this.#writer.close();
    this.#onFinished(bytes);
    return bytes;
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
