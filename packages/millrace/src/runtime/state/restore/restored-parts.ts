import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { KEY_HASH_VERSION } from "../../../common/keys/hash-key.ts";
import type { KeyedStateHandle, StateBytes } from "../../../protocol/control/snapshots.ts";
import type { KeyedPartReader } from "../../checkpoint/format/keyed-part.ts";
import { openKeyedPart } from "../../checkpoint/format/open-keyed-part.ts";
import type { StateFiles } from "../../checkpoint/storage/state-files.ts";
import type { KeyGroupRange } from "../keyed-state.ts";
import { KeepingReader } from "./keeping-reader.ts";

/** Who restores. */
export interface Restorer {
  /** For errors: `operator "count"`. */
  readonly where: string;
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
}

/** The parts of a handle, opened. */
export interface PartChain {
  /** Those of its key groups that are wanted. */
  readonly keyGroups: KeyGroupRange;
  readonly readers: readonly KeyedPartReader[];
}

/** The parts of all handles that hold key groups of a store, opened and checked against it. */
export class RestoredParts {
  readonly chains: readonly PartChain[];
  readonly #files: KeepingReader[] = [];

  /** @throws RESTORE_REFUSED, CHECKPOINT_CORRUPT, CHECKPOINT_STORAGE_FAILED */
  constructor(handles: readonly KeyedStateHandle[], files: StateFiles, restorer: Restorer) {
    try {
      this.chains = handles.flatMap((handle) => {
        const keyGroups = overlap(handle.keyGroups, restorer.keyGroups);
        if (keyGroups.start >= keyGroups.end) return [];
        return [
          { keyGroups, readers: partsOf(handle, restorer).map((part) => this.#open(part, files, restorer)) },
        ];
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** From now on what is read is kept for later. */
  keep(): void {
    for (const file of this.#files) file.keeps = true;
  }

  /** Closes the files. What was kept can still be read. */
  close(): void {
    for (const file of this.#files) file.close();
  }

  #open(bytes: StateBytes, files: StateFiles, restorer: Restorer): KeyedPartReader {
    const keeping: StateFiles = {
      create: (label) => files.create(label),
      adopt: (path, label, checksum) => files.adopt(path, label, checksum),
      open: (opened) => {
        const file = new KeepingReader(files.open(opened));
        this.#files.push(file);
        return file;
      },
    };
    const reader = openKeyedPart(keeping, bytes);
    checkHeader(reader, restorer);
    return reader;
  }
}

function partsOf(handle: KeyedStateHandle, { where }: Restorer): readonly StateBytes[] {
  if (handle.kind === "canonical") return handle.parts;
  throw new MillraceError(
    "RESTORE_REFUSED",
    `the state of ${where} stands in files of the state backend "${handle.backend}", which only that backend reads`,
    {
      help: `Restore with state.backend.type: ${handle.backend}, or take a savepoint with it first: every backend reads savepoints.`,
      details: { backend: handle.backend },
    },
  );
}

function checkHeader({ header }: KeyedPartReader, { where, maxParallelism }: Restorer): void {
  if (header.maxParallelism !== maxParallelism) {
    throw new MillraceError(
      "RESTORE_REFUSED",
      `the state of ${where} was written at max parallelism ${header.maxParallelism}, which can't become ${maxParallelism}`,
      {
        help: `Set the operator's max parallelism to ${header.maxParallelism}, or leave it out: then that of the checkpoint is taken.`,
        details: { found: header.maxParallelism, expected: maxParallelism },
      },
    );
  }
  if (header.keyHashVersion !== KEY_HASH_VERSION) {
    throw new MillraceError(
      "RESTORE_REFUSED",
      `the state of ${where} is filed by version ${header.keyHashVersion} of the hash of keys, and this version of Millrace uses version ${KEY_HASH_VERSION}`,
      { help: "Restore it with the version of Millrace that wrote it." },
    );
  }
}

function overlap(a: KeyGroupRange, b: KeyGroupRange): KeyGroupRange {
  return { start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) };
}
