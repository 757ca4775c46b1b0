import { crc32 } from "node:zlib";
import type { FileSystem } from "../storage/file-system.ts";

/** Bytes read at a time. */
const CHUNK = 1024 * 1024;

/** What is wrong with a file that was written like this; undefined: nothing. Reads all of it. @throws as the system */
export function damageOf(
  fileSystem: FileSystem,
  path: string,
  written: { readonly length: number; readonly crc: number },
): string | undefined {
  const { length, crc } = readThrough(fileSystem, path);
  if (length !== written.length) return `it has ${length} of ${written.length} bytes`;
  return crc === written.crc ? undefined : "its checksum is wrong";
}

/** The CRC-32 of a file, up to its end. Synchronous: for who restores, and has nothing else to do. @throws as the system */
export function checksumOf(fileSystem: FileSystem, path: string): number {
  return readThrough(fileSystem, path).crc;
}

function readThrough(
  fileSystem: FileSystem,
  path: string,
): { readonly length: number; readonly crc: number } {
  const file = fileSystem.open(path);
  try {
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, file.length)));
    let crc = 0;
    let length = 0;
    for (;;) {
      const read = file.read(buffer, length);
      if (read === 0) return { length, crc };
      crc = crc32(buffer.subarray(0, read), crc);
      length += read;
    }
  } finally {
    file.close();
  }
}
