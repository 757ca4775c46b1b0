import type { StateBytes } from "../../protocol/control/snapshots.ts";
import type { StateFiles, StateFileWriter } from "../checkpoint/storage/state-files.ts";

/** Files of state that count what is written to them. */
export class CountedFiles implements StateFiles {
  /** Bytes of all files that were finished or adopted. */
  written = 0;
  readonly #files: StateFiles;

  constructor(files: StateFiles) {
    this.#files = files;
  }

  create(label: string): StateFileWriter {
    return new CountedWriter(this.#files.create(label), (bytes) => (this.written += bytes));
  }

  async adopt(path: string, label: string): Promise<StateBytes> {
    const bytes = await this.#files.adopt(path, label);
    this.written += lengthOf(bytes);
    return bytes;
  }

  open(bytes: StateBytes): ReturnType<StateFiles["open"]> {
    return this.#files.open(bytes);
  }
}

/** Bytes of some state. */
export const lengthOf = (bytes: StateBytes): number =>
  bytes.kind === "inline" ? bytes.bytes.length : bytes.length;

class CountedWriter implements StateFileWriter {
  readonly #writer: StateFileWriter;
  readonly #count: (bytes: number) => void;

  constructor(writer: StateFileWriter, count: (bytes: number) => void) {
    this.#writer = writer;
    this.#count = count;
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
    this.#count(lengthOf(bytes));
    return bytes;
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
