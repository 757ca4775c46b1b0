import { basename, dirname } from "node:path";
import type { FileSystem, ReadableFile, WritableFile } from "../file-system.ts";

/** A file: what was written, and what of it survives a loss of power. */
interface MemoryFile {
  kind: "file";
  bytes: Uint8Array;
  synced: Uint8Array;
}

/** A folder: what is in it, and what of that survives a loss of power. */
interface MemoryFolder {
  kind: "folder";
  entries: Map<string, MemoryFile | MemoryFolder>;
  synced: Map<string, MemoryFile | MemoryFolder>;
}

/** What a file system is asked to do, by name and path; it throws to let that fail. */
export type BeforeOperation = (operation: string, path: string) => void;

/**
 * A file system in memory that can lose what was not synced, and fail at any operation. A write that fails has written half.
 */
export class MemoryFileSystem implements FileSystem {
  before: BeforeOperation = () => {};
  /** Whether it has hard links, which not every file system has. */
  links = true;
  #root: MemoryFolder = newFolder();
  #open = 0;

  /** Files that are open. */
  get openFiles(): number {
    return this.#open;
  }

  async makeFolder(path: string): Promise<void> {
    this.#add("makeFolder", path, newFolder());
  }

  async create(path: string): Promise<WritableFile> {
    const file: MemoryFile = { kind: "file", bytes: new Uint8Array(0), synced: new Uint8Array(0) };
    this.#add("create", path, file);
    this.#open++;
    return {
      write: async (bytes) => {
        try {
          this.before("write", path);
        } catch (error) {
          file.bytes = Buffer.concat([file.bytes, bytes.subarray(0, bytes.length >> 1)]);
          throw error;
        }
        file.bytes = Buffer.concat([file.bytes, bytes]);
      },
      sync: async () => {
        this.before("sync", path);
        file.synced = file.bytes;
      },
      close: async () => {
        this.#open--;
        this.before("close", path);
      },
    };
  }

  async link(existing: string, path: string): Promise<void> {
    if (!this.links) throw systemError("EPERM", path);
    this.#add("link", path, this.#file(existing));
  }

  async rename(from: string, to: string): Promise<void> {
    this.before("rename", to);
    const file = this.#file(from);
    this.#folder(dirname(from)).entries.delete(basename(from));
    this.#folder(dirname(to)).entries.set(basename(to), file);
  }

  async remove(path: string): Promise<void> {
    this.before("remove", path);
    this.#file(path);
    this.#folder(dirname(path)).entries.delete(basename(path));
  }

  async removeFolder(path: string): Promise<void> {
    this.before("removeFolder", path);
    if (this.#folder(path).entries.size > 0) throw systemError("ENOTEMPTY", path);
    this.#folder(dirname(path)).entries.delete(basename(path));
  }

  async list(path: string): Promise<readonly string[]> {
    this.before("list", path);
    return [...this.#folder(path).entries.keys()];
  }

  async syncFile(path: string): Promise<void> {
    this.before("syncFile", path);
    const file = this.#file(path);
    file.synced = file.bytes;
  }

  async syncFolder(path: string): Promise<void> {
    this.before("syncFolder", path);
    const folder = this.#folder(path);
    folder.synced = new Map(folder.entries);
  }

  open(path: string): ReadableFile {
    this.before("open", path);
    const { bytes } = this.#file(path);
    this.#open++;
    return {
      length: bytes.length,
      read(target, offset) {
        const part = bytes.subarray(offset, offset + target.length);
        target.set(part);
        return part.length;
      },
      close: () => {
        this.#open--;
      },
    };
  }

  /** The paths of all files. */
  files(): string[] {
    return [...walk(this.#root, "")].sort();
  }

  /** A copy of what stands in a file. */
  bytesOf(path: string): Uint8Array {
    return new Uint8Array(this.#file(path).bytes);
  }

  /** Puts other bytes into a file, or none at all where it was there; what stood in it before. */
  exchange(path: string, bytes: Uint8Array | undefined): Uint8Array {
    const { entries } = this.#folder(dirname(path));
    const node = entries.get(basename(path));
    const before = node?.kind === "file" ? node.bytes : new Uint8Array(0);
    if (bytes === undefined) entries.delete(basename(path));
    else entries.set(basename(path), { kind: "file", bytes, synced: bytes });
    return before;
  }

  /** The same file system after the process died: with all that was written, or after the power failed: with what was synced. */
  after(what: "kill" | "power loss"): MemoryFileSystem {
    const other = new MemoryFileSystem();
    other.links = this.links;
    other.#root = survivor(this.#root, what) as MemoryFolder;
    return other;
  }

  #add(operation: string, path: string, node: MemoryFile | MemoryFolder): void {
    this.before(operation, path);
    const { entries } = this.#folder(dirname(path));
    if (entries.has(basename(path))) throw systemError("EEXIST", path);
    entries.set(basename(path), node);
  }

  #file(path: string): MemoryFile {
    const node = this.#folder(dirname(path)).entries.get(basename(path));
    if (node === undefined) throw systemError("ENOENT", path);
    if (node.kind === "folder") throw systemError("EISDIR", path);
    return node;
  }

  #folder(path: string): MemoryFolder {
    let folder = this.#root;
    for (const name of path.split("/")) {
      if (name === "") continue;
      const node = folder.entries.get(name);
      if (node === undefined) throw systemError("ENOENT", path);
      if (node.kind === "file") throw systemError("ENOTDIR", path);
      folder = node;
    }
    return folder;
  }
}

/** An error as the system makes them. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function newFolder(): MemoryFolder {
  return { kind: "folder", entries: new Map(), synced: new Map() };
}

function survivor(node: MemoryFile | MemoryFolder, what: "kill" | "power loss"): MemoryFile | MemoryFolder {
  const kill = what === "kill";
  if (node.kind === "file") {
    const bytes = kill ? node.bytes : node.synced;
    return { kind: "file", bytes, synced: bytes };
  }
  const entries = new Map(
    [...(kill ? node.entries : node.synced)].map(([name, inner]) => [name, survivor(inner, what)]),
  );
  return { kind: "folder", entries, synced: new Map(entries) };
}

function* walk(folder: MemoryFolder, path: string): Generator<string> {
  for (const [name, node] of folder.entries) {
    if (node.kind === "file") yield `${path}/${name}`;
    else yield* walk(node, `${path}/${name}`);
  }
}
