import { crc32 } from "node:zlib";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { StateFileWriter } from "../storage/state-files.ts";

/** Who keeps the copy. */
export interface CopyKeeper {
  /** Both are written: the original, and its copy at `copy`, whose CRC-32 is this. */
  written(original: StateBytes, copy: string, crc: number): void;
  /** What was told by `written` is given up. */
  givenUp(original: StateBytes): void;
  /** There will be no copy. */
  failed(error: unknown): void;
}

/**
 * Writes a file twice. Only the original counts: a copy that can't be written is given up. Whoever writes waits for the slower of the two,
 * so that nothing gathers in memory.
 */
export class TeedFileWriter implements StateFileWriter {
  readonly #original: StateFileWriter;
  readonly #keeper: CopyKeeper;
  /** undefined once it has failed. */
  #copy: StateFileWriter | undefined;
  #crc = 0;
  #closing: Promise<StateBytes> | undefined;
  #kept: StateBytes | undefined;

  /** @param copy makes a file under the same conditions as the original: both or none */
  constructor(original: StateFileWriter, copy: StateFileWriter, keeper: CopyKeeper) {
    this.#original = original;
    this.#copy = copy;
    this.#keeper = keeper;
  }

  get position(): number {
    return this.#original.position;
  }

  get backlog(): number {
    return Math.max(this.#original.backlog, this.#copy?.backlog ?? 0);
  }

  write(bytes: Uint8Array): void {
    this.#original.write(bytes);
    if (this.#copy === undefined) return;
    this.#crc = crc32(bytes, this.#crc);
    this.#copy.write(bytes);
  }

  async drained(): Promise<void> {
    await this.#original.drained();
    try {
      await this.#copy?.drained();
    } catch (error) {
      this.#giveUpCopy(error);
    }
  }

  close(): Promise<StateBytes> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async abort(): Promise<void> {
    await Promise.all([this.#original.abort(), this.#copy?.abort()]);
    // It may have been closed meanwhile.
    if (this.#kept !== undefined) this.#keeper.givenUp(this.#kept);
    this.#kept = undefined;
  }

  async #close(): Promise<StateBytes> {
    const copying = this.#closeCopy();
    let original: StateBytes;
    try {
      original = await this.#original.close();
    } catch (error) {
      await copying;
      await this.#copy?.abort();
      throw error;
    }
    const copy = await copying;
    if (original.kind === "file" && copy?.kind === "file") {
      this.#kept = original;
      this.#keeper.written(original, copy.path, this.#crc);
    }
    return original;
  }

  async #closeCopy(): Promise<StateBytes | undefined> {
    try {
      return await this.#copy?.close();
    } catch (error) {
      this.#giveUpCopy(error);
      return undefined;
    }
  }

  #giveUpCopy(error: unknown): void {
    const copy = this.#copy;
    if (copy === undefined) return;
    this.#copy = undefined;
    void copy.abort();
    if (!MillraceError.is(error, "CHECKPOINT_ABORTED")) this.#keeper.failed(error);
  }
}
