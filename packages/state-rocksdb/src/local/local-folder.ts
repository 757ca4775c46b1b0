import { closeSync, existsSync, mkdirSync, openSync, readSync, rmSync } from "node:fs";
import { copyFile, link, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** Bytes that are read at a time to check a file. */
const CHUNK = 1024 * 1024;

/** The working folder of one store, on a local disk: its database, and what snapshots and restores put beside it for a while. */
export class LocalFolder {
  readonly path: string;
  readonly #onRemoved: () => void;
  #made = 0;

  constructor(path: string, onRemoved: () => void = () => {}) {
    this.path = path;
    this.#onRemoved = onRemoved;
  }

  /** Where the database stands. The folder around it is made. */
  database(): string {
    mkdirSync(this.path, { recursive: true });
    return join(this.path, "db");
  }

  /** A path beside the database that nothing has yet. */
  fresh(name: string): string {
    mkdirSync(this.path, { recursive: true });
    return join(this.path, `${name}-${++this.#made}`);
  }

  /** Removes it with all that is in it. What can't be removed now, whoever comes next removes. */
  remove(): void {
    try {
      // RocksDB may still be ending a checkpoint that nobody wants.
      rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    } catch {
      // Left-overs do no harm.
    }
    this.#onRemoved();
  }
}

/** Removes a folder, if it is there. */
export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Makes a folder. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
}

/** The names of the files in a folder, and how long they are. */
export async function filesIn(path: string): Promise<{ readonly name: string; readonly length: number }[]> {
  const names = (await readdir(path)).sort();
  return Promise.all(names.map(async (name) => ({ name, length: (await stat(join(path, name))).size })));
}

/** Puts a file under another name, too: as a link if it stays as it is and the disk allows it, else as a copy. */
export async function bring(from: string, to: string, mayLink: boolean): Promise<void> {
  if (mayLink) {
    try {
      return await link(from, to);
    } catch {
      // Another disk, or one without links.
    }
  }
  await copyFile(from, to);
}

/** The CRC-32 of a file, read in pieces; `pause` is awaited between them, and may never come to an end: nothing is open meanwhile. */
export async function checksum(
  path: string,
  pause: () => Promise<void>,
): Promise<{ readonly crc: number; readonly length: number }> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  let crc = 0;
  let length = 0;
  for (;;) {
    const bytes = readAt(path, buffer, length);
    if (bytes === 0) return { crc, length };
    crc = crc32(buffer.subarray(0, bytes), crc);
    length += bytes;
    await pause();
  }
}

function readAt(path: string, buffer: Buffer, position: number): number {
  const file = openSync(path, "r");
  try {
    return readSync(file, buffer, 0, buffer.length, position);
  } finally {
    closeSync(file);
  }
}

/** Waits, without letting anything else happen in this thread, until there is a folder of that name; false after `limit` ms. */
export function waitForFolder(path: string, limit: number): boolean {
  const bell = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; !existsSync(path); waited++) {
    if (waited >= limit) return false;
    Atomics.wait(bell, 0, 0, 1);
  }
  return true;
}

/** Writes a file. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes);
}
