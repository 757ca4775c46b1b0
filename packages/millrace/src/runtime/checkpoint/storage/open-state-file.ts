import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import type { FileSystem, ReadableFile } from "./file-system.ts";
import type { StateFileReader } from "./state-files.ts";
import { corruptFile, errorCode, storageProblem } from "./storage-problem.ts";

/** Opens what was written: StateFiles.open. */
export function openStateFile(fileSystem: FileSystem, bytes: StateBytes): StateFileReader {
  return bytes.kind === "inline"
    ? readerOf("inline", bytes.bytes)
    : new FileReader(fileSystem, bytes.path, bytes.length);
}

/** All bytes of something written. @throws as StateFiles.open */
export function readStateFile(reader: StateFileReader): Uint8Array {
  return reader.read(0, reader.length);
}

/** Reads bytes that are there already. */
export function readerOf(name: string, bytes: Uint8Array): StateFileReader {
  return new InlineReader(name, bytes);
}

class InlineReader implements StateFileReader {
  readonly name: string;
  readonly length: number;
  readonly #bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this, offset, length);
    // Not `slice`, which copies nothing of a Buffer.
    return new Uint8Array(this.#bytes.subarray(offset, offset + length));
  }

  close(): void {
    // Nothing is held.
  }
}

class FileReader implements StateFileReader {
  readonly name: string;
  readonly length: number;
  #file: ReadableFile | undefined;

  constructor(fileSystem: FileSystem, path: string, length: number) {
    this.name = path;
    this.length = length;
    this.#file = openFile(fileSystem, path);
    if (this.#file.length === length) return;
    const actual = this.#file.length;
    this.close();
    throw corruptFile(path, `it has ${actual} bytes, but ${length} were written`);
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    if (length === 0) return bytes;
    let read: number;
    try {
      // A reader that was closed has no file; reading from it is the system's EBADF.
      read = this.#file?.read(bytes, offset) ?? 0;
    } catch (error) {
      throw storageProblem("read", this.name, error);
    }
    if (read < length) throw corruptFile(this.name, `it ends at byte ${offset + read}`);
    return bytes;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

function openFile(fileSystem: FileSystem, path: string): ReadableFile {
  try {
    return fileSystem.open(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw corruptFile(path, "the file is missing", error);
    throw storageProblem("read", path, error);
  }
}

/** Before anything is allocated for it. */
function checkRange(reader: StateFileReader, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= reader.length) return;
  throw corruptFile(
    reader.name,
    `bytes ${offset} to ${offset + length} are asked for, but it has ${reader.length}`,
  );
}
