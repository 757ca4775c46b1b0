import type { StateFileReader } from "../storage/state-files.ts";

/** What a reader of a copy falls back to. */
export interface Original {
  readonly name: string;
  open(): StateFileReader;
  /** The copy can't be read any more, for this reason. */
  failed(error: unknown): void;
}

/** Reads a copy that was found whole, and the original from the moment on when the copy fails all the same. */
export class LocalFirstReader implements StateFileReader {
  readonly name: string;
  readonly length: number;
  /** Of the copy. */
  readonly path: string;
  readonly #original: Original;
  #reader: StateFileReader;
  #local = true;

  constructor(copy: StateFileReader, original: Original) {
    this.name = original.name;
    this.length = copy.length;
    this.path = copy.name;
    this.#original = original;
    this.#reader = copy;
  }

  read(offset: number, length: number): Uint8Array {
    try {
      return this.#reader.read(offset, length);
    } catch (error) {
      const within = offset >= 0 && length >= 0 && offset + length <= this.length;
      if (!this.#local || !within) throw error;
      this.#local = false;
      this.#original.failed(error);
      this.#reader.close();
      this.#reader = this.#original.open();
      return this.#reader.read(offset, length);
    }
  }

  close(): void {
    // Reading what was closed must fail, and not begin anew elsewhere.
    this.#local = false;
    this.#reader.close();
  }
}
