import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder of a test's own; `Symbol.dispose` removes it. */
export interface TempFolder extends Disposable {
  readonly path: string;
  /** Writes a file below it, making folders as needed; its absolute path. */
  write(name: string, content: string | Uint8Array): string;
  /** The names of all files below it, with their folders. */
  files(): string[];
  /** The number of files below it that this process holds open; 0 where the system doesn't tell. */
  openFiles(): number;
}

/** Makes a new folder below the system's temporary one. */
export function tempFolder(): TempFolder {
  const path = mkdtempSync(join(tmpdir(), "millrace-"));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    files: () =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
        .sort(),
    openFiles: () => countOpenFiles(path),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

function countOpenFiles(folder: string): number {
  let handles: string[];
  try {
    handles = readdirSync("/proc/self/fd");
  } catch {
    return 0;
  }
  return handles.filter((handle) => {
    try {
      return readlinkSync(join("/proc/self/fd", handle)).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}
