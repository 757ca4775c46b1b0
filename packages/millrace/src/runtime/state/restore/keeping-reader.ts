import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { StateFileReader } from "../../checkpoint/storage/state-files.ts";

/**
 * A file that is read as usual; on demand what is read is kept, so that it can be read again when the file is no longer there.
 */
export class KeepingReader implements StateFileReader {
  readonly name: string;
  readonly length: number;
  /** Whether what is read from now on is kept. */
  keeps = false;
  #file: StateFileReader | undefined;
  /** By offset. */
  readonly #kept = new Map<number, Uint8Array>();

  constructor(file: StateFileReader) {
    this.#file = file;
    this.name = file.name;
    this.length = file.length;
  }

  read(offset: number, length: number): Uint8Array {
    const kept = this.#kept.get(offset);
    if (kept !== undefined && kept.length >= length) return kept.subarray(0, length);
    if (this.#file === undefined)
      throw new MillraceError("INTERNAL", `bytes of ${this.name} were not kept when it was restored`);
    const bytes = this.#file.read(offset, length);
    if (this.keeps) this.#kept.set(offset, bytes);
    return bytes;
  }

  /** Closes the file; what was kept can still be read. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
