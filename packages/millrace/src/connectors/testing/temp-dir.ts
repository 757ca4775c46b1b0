import { mkdtempSync, rmSync, mkdirSync, writeFileSync, readdirSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A directory of a test's own, with helpers; `Symbol.dispose` removes it. */
export interface TempDir extends Disposable {
  readonly path: string;
  /** Writes a file below it, making directories as needed; its absolute path. */
  write(name: string, content: string | Uint8Array): string;
  /** The number of files below it that this process holds open; 0 where the system doesn't tell. */
  openFiles(): number;
}

/** Makes a new directory below the system's temporary one. */
export function tempDir(): TempDir {
  const path = mkdtempSync(join(tmpdir(), "millrace-"));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    openFiles: () => countOpenFiles(path),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

function countOpenFiles(directory: string): number {
  let handles: string[];
  try {
    handles = readdirSync("/proc/self/fd");
  } catch {
    return 0;
  }
  return handles.filter((handle) => {
    try {
      return readlinkSync(join("/proc/self/fd", handle)).startsWith(directory);
    } catch {
      return false;
    }
  }).length;
}
