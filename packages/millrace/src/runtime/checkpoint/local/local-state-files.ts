import { basename } from "node:path";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { StateFileReader, StateFiles, StateFileWriter } from "../storage/state-files.ts";
import type { LocalCopies } from "./local-copies.ts";
import { LocalFirstReader } from "./local-first-reader.ts";
import type { RestoredBytes } from "./restored-bytes.ts";
import { TeedFileWriter } from "./teed-file-writer.ts";

/** What the files of a slot are made of when copies are kept. */
export interface LocalStateFilesOptions {
  /** Those of the checkpoint, which count. */
  readonly originals: StateFiles;
  readonly copies: LocalCopies;
  /** Bytes up to which there is no file, and so no copy: that of `originals`. */
  readonly inlineThreshold: number;
  /** Counts what is opened. */
  readonly restored: RestoredBytes;
}

/**
 * Files of a checkpoint that are copied to the machine's own disk as they are written, and read from there where the copy is whole. What goes
 * wrong with a copy is logged, and is nobody's error.
 */
export class LocalStateFiles implements StateFiles {
  readonly #originals: StateFiles;
  readonly #copies: LocalCopies;
  readonly #inlineThreshold: number;
  readonly #restored: RestoredBytes;

  constructor({ originals, copies, inlineThreshold, restored }: LocalStateFilesOptions) {
    this.#originals = originals;
    this.#copies = copies;
    this.#inlineThreshold = inlineThreshold;
    this.#restored = restored;
  }

  create(label: string): StateFileWriter {
    const copies = this.#copies;
    return new TeedFileWriter(this.#originals.create(label), copies.writer(label, this.#inlineThreshold), {
      written: (original, copy, crc) => copies.written(nameOf(original), copy, crc),
      givenUp: (original) => void copies.discard(nameOf(original)),
      failed: (error) => copies.failed(error),
    });
  }

  async adopt(path: string, label: string, checksum?: number): Promise<StateBytes> {
    const original = await this.#originals.adopt(path, label, checksum);
    if (original.kind === "file") await this.#copies.adopt(path, nameOf(original), checksum);
    return original;
  }

  async discard(bytes: StateBytes): Promise<void> {
    await Promise.all([
      this.#originals.discard?.(bytes),
      bytes.kind === "file" ? this.#copies.discard(nameOf(bytes)) : undefined,
    ]);
  }

  open(bytes: StateBytes): StateFileReader {
    if (bytes.kind === "inline") return this.#originals.open(bytes);
    const { path, length } = bytes;
    const openOriginal = (): StateFileReader => {
      this.#restored.opened(path, length, "remote");
      return this.#originals.open(bytes);
    };
    const copy = this.#copies.open(basename(path), length);
    if (copy === undefined) return openOriginal();
    this.#restored.opened(path, length, "local");
    return new LocalFirstReader(copy, {
      name: path,
      open: openOriginal,
      failed: (error) => this.#copies.unusable(copy.name, error),
    });
  }
}

/** Originals have names that no other file ever has; copies are found by them. */
const nameOf = (bytes: StateBytes): string => (bytes.kind === "file" ? basename(bytes.path) : "");
