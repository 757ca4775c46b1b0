import type { StateBytes } from "millrace/internal/state-backend";

/** A file of the database that stands in a checkpoint. */
export interface SharedFile {
  readonly bytes: StateBytes;
  readonly length: number;
  readonly crc: number;
}

/** Files by their local names. */
export type SharedFiles = ReadonlyMap<string, SharedFile>;

/**
 * Which local files stand in checkpoints already. Only what a recorded checkpoint names may be named again, and only if every later one
 * that is still undecided names it, too: whichever of them is recorded, the file is kept.
 */
export class ConfirmedFiles {
  #confirmed: SharedFiles = new Map();
  #confirmedId = -1;
  readonly #undecided = new Map<number, SharedFiles>();

  /** The database began with these, which are those of a recorded checkpoint. */
  restored(files: SharedFiles): void {
    this.#confirmed = files;
  }

  /** The file, if a new checkpoint may name it without writing it again. */
  reusable(name: string): SharedFile | undefined {
    const file = this.#confirmed.get(name);
    if (file === undefined) return undefined;
    for (const files of this.#undecided.values()) if (files.get(name)?.bytes !== file.bytes) return undefined;
    return file;
  }

  /** A checkpoint was written. */
  written(checkpointId: number, files: SharedFiles): void {
    this.#undecided.set(checkpointId, files);
  }

  /** It is recorded. */
  complete(checkpointId: number): void {
    const files = this.#undecided.get(checkpointId);
    if (files === undefined || checkpointId <= this.#confirmedId) return;
    this.#confirmed = files;
    this.#confirmedId = checkpointId;
    for (const id of this.#undecided.keys()) if (id <= checkpointId) this.#undecided.delete(id);
  }

  /** It was given up. */
  aborted(checkpointId: number): void {
    this.#undecided.delete(checkpointId);
  }
}
