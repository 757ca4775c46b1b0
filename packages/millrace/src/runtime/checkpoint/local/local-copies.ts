import { randomBytes as systemRandomBytes } from "node:crypto";
import { join } from "node:path";
import type { TaskSnapshot } from "../../../protocol/control/snapshots.ts";
import { linkOrCopy } from "../storage/adopt-file.ts";
import type { FileSystem } from "../storage/file-system.ts";
import { nodeFileSystem } from "../storage/node-file-system.ts";
import { openStateFile } from "../storage/open-state-file.ts";
import { FolderFileWriter } from "../storage/state-file-writers.ts";
import type { StateFileReader, StateFileWriter } from "../storage/state-files.ts";
import { errorCode } from "../storage/storage-problem.ts";
import { uniqueName } from "../storage/unique-name.ts";
import { checksumOf, damageOf } from "./checksum-of.ts";
import { snapshotFiles } from "./snapshot-files.ts";
import { unsynced } from "./unsynced-file-system.ts";

/**
 * Folders for copies on a machine's own disk; absolute. In `job`, which all slots of the job in one process share, stands a folder for each
 * checkpoint, `chk-<id>`, with the files that its snapshots here name: `<name>.<CRC-32>`. `slot` is one slot's own, for what no snapshot
 * names yet. Whoever gives them makes the folder around `job`, removes `slot` when the slot has ended, and `job` when the job has.
 */
export interface LocalFolders {
  readonly job: string;
  readonly slot: string;
}

/** What the copies of a slot are made of. */
export interface LocalCopiesOptions {
  readonly folders: LocalFolders;
  readonly log: (level: "info" | "warn", message: string) => void;
  readonly fileSystem?: FileSystem;
  readonly randomBytes?: (count: number) => Uint8Array;
}

/** A copy. Its names in the folders of checkpoints are links to one file. */
interface Copy {
  readonly crc: number;
  /** Where it stands as long as no snapshot names it. */
  staged: string | undefined;
  /** Whose folders it stands in. */
  readonly checkpoints: Set<number>;
}

const CHECKPOINT_FOLDER = /^chk-(?<id>\d+)$/u;
const COPY_NAME = /^(?<name>.+)\.(?<crc>[0-9a-f]{8})$/u;

/**
 * Copies of a job's state files on the disk of the machine that wrote them, seen from one slot. Files that a later checkpoint names, too, get
 * a link in its folder; so the folders of checkpoints that nobody recovers from any more can be removed by any slot, whatever others do.
 *
 * Nothing here throws or rejects: a copy that can't be had is one that is not there. It is found by the original's name, which no other file
 * ever has, and counts only with the right length and checksum.
 */
export class LocalCopies {
  readonly #folders: LocalFolders;
  readonly #log: LocalCopiesOptions["log"];
  readonly #fileSystem: FileSystem;
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #copies = new Map<string, Copy>();
  /** Work on the folders of checkpoints, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #complained = false;

  private constructor({ folders, log, fileSystem, randomBytes }: LocalCopiesOptions) {
    this.#folders = folders;
    this.#log = log;
    this.#fileSystem = unsynced(fileSystem ?? nodeFileSystem);
    this.#randomBytes = randomBytes ?? systemRandomBytes;
  }

  /**
   * Makes the folders, as far as they are not there. undefined, and a line in the log, where that can't be done.
   *
   * @example
   * ```ts
   * const copies = await LocalCopies.open({ folders, log });
   * await copies?.find(restore.checkpointId);
   * ```
   */
  static async open(options: LocalCopiesOptions): Promise<LocalCopies | undefined> {
    const copies = new LocalCopies(options);
    try {
      await copies.#makeFolder(options.folders.job);
      await copies.#makeFolder(options.folders.slot);
      return copies;
    } catch (error) {
      copies.failed(error);
      return undefined;
    }
  }

  /** Looks for what slots of this process have left of a checkpoint. Without it nothing is read from copies but what this slot writes. */
  async find(checkpointId: number): Promise<void> {
    for (const file of await this.#namesIn(this.#folderOf(checkpointId))) {
      const { name, crc } = COPY_NAME.exec(file)?.groups ?? {};
      if (name === undefined || crc === undefined) continue;
      const copy = this.#copies.get(name) ?? {
        crc: Number.parseInt(crc, 16),
        staged: undefined,
        checkpoints: new Set(),
      };
      copy.checkpoints.add(checkpointId);
      this.#copies.set(name, copy);
    }
  }

  /** A file for a copy. */
  writer(label: string, inlineThreshold: number): StateFileWriter {
    const { slot } = this.#folders;
    const newName = (): string => uniqueName(label, this.#randomBytes);
    return new FolderFileWriter(this.#fileSystem, slot, newName, inlineThreshold);
  }

  /** The copy of a file of this name is written. */
  written(name: string, path: string, crc: number): void {
    this.#copies.set(name, { crc, staged: path, checkpoints: new Set() });
  }

  /** Makes a link to a complete file, or a copy of it. @param checksum its CRC-32, where that is known */
  async adopt(path: string, name: string, checksum: number | undefined): Promise<void> {
    const copy = join(this.#folders.slot, uniqueName(name, this.#randomBytes));
    try {
      const crc = checksum ?? checksumOf(this.#fileSystem, path);
      await linkOrCopy(this.#fileSystem, path, copy);
      this.written(name, copy, crc);
    } catch (error) {
      this.failed(error);
    }
  }

  /** The copy of a file that its checkpoint gave up. */
  async discard(name: string): Promise<void> {
    const staged = this.#copies.get(name)?.staged;
    if (staged === undefined) return;
    this.#copies.delete(name);
    await this.#remove(staged);
  }

  /** The copy of a file, if there is one, and it is as it was written. */
  open(name: string, length: number): StateFileReader | undefined {
    const copy = this.#copies.get(name);
    const path = copy && this.#pathOf(name, copy);
    if (copy === undefined || path === undefined) return undefined;
    try {
      const damage = damageOf(this.#fileSystem, path, { length, crc: copy.crc });
      if (damage === undefined) return openStateFile(this.#fileSystem, { kind: "file", path, length });
      this.unusable(path, damage);
    } catch (error) {
      this.unusable(path, error);
    }
    this.#copies.delete(name);
    return undefined;
  }

  /** A copy could not be read. */
  unusable(path: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#log("warn", `local copy ${path} is of no use, its original is read instead: ${why}`);
  }

  /** A copy could not be made. Said once for the life of the slot. */
  failed(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#log("warn", `state is not copied to the local disk, and will be restored from checkpoints: ${why}`);
  }

  /**
   * A snapshot is written: puts the copies of its files into the checkpoint's folder, before anybody is told of the snapshot, so that no slot
   * removes them together with older ones. undefined where it has none.
   */
  acknowledged(checkpointId: number, snapshot: TaskSnapshot): Promise<void> | undefined {
    const names = [...snapshotFiles(snapshot)].filter((name) => this.#copies.has(name));
    if (names.length === 0) return undefined;
    return this.#next(async () => {
      await this.#makeFolder(this.#folderOf(checkpointId));
      await Promise.all(names.map((name) => this.#keep(name, checkpointId)));
    });
  }

  /** The checkpoint is recorded: from now on nobody recovers from an older one. */
  completed(checkpointId: number): void {
    void this.#next(async () => {
      this.#forget((id) => id < checkpointId);
      for (const name of await this.#namesIn(this.#folders.job)) {
        const id = CHECKPOINT_FOLDER.exec(name)?.groups?.["id"];
        if (id !== undefined && Number(id) < checkpointId) await this.#removeFolder(name);
      }
    });
  }

  /** The checkpoint is given up. */
  aborted(checkpointId: number): void {
    void this.#next(async () => {
      this.#forget((id) => id === checkpointId);
      await this.#removeFolder(`chk-${checkpointId}`);
    });
  }

  /** Settles when all that was told so far is done. */
  settled(): Promise<void> {
    return this.#work;
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => this.failed(error));
    return this.#work;
  }

  async #keep(name: string, checkpointId: number): Promise<void> {
    const copy = this.#copies.get(name);
    if (copy === undefined) return;
    const target = this.#pathIn(checkpointId, name, copy);
    try {
      if (copy.staged === undefined) await this.#link(name, copy, target);
      else await this.#fileSystem.rename(copy.staged, target);
      copy.checkpoints.add(checkpointId);
    } catch (error) {
      // The checkpoint was given up meanwhile, and another slot has removed its folder.
      if (errorCode(error) !== "ENOENT") this.failed(error);
      if (copy.staged !== undefined) await this.discard(name);
    }
    copy.staged = undefined;
  }

  /** From whichever folder still has it: other slots may have removed some. */
  async #link(name: string, copy: Copy, target: string): Promise<void> {
    for (const checkpointId of [...copy.checkpoints].reverse()) {
      try {
        return await this.#fileSystem.link(this.#pathIn(checkpointId, name, copy), target);
      } catch (error) {
        // Another task of this process was restored from the same file, and was first.
        if (errorCode(error) === "EEXIST") return;
        if (errorCode(error) !== "ENOENT") throw error;
        copy.checkpoints.delete(checkpointId);
      }
    }
    this.#copies.delete(name);
  }

  #forget(over: (checkpointId: number) => boolean): void {
    for (const [name, { staged, checkpoints }] of this.#copies) {
      for (const id of checkpoints) if (over(id)) checkpoints.delete(id);
      if (staged === undefined && checkpoints.size === 0) this.#copies.delete(name);
    }
  }

  #pathOf(name: string, copy: Copy): string | undefined {
    if (copy.staged !== undefined) return copy.staged;
    const checkpointId = [...copy.checkpoints].at(-1);
    return checkpointId === undefined ? undefined : this.#pathIn(checkpointId, name, copy);
  }

  #pathIn(checkpointId: number, name: string, { crc }: Copy): string {
    return join(this.#folderOf(checkpointId), `${name}.${crc.toString(16).padStart(8, "0")}`);
  }

  #folderOf(checkpointId: number): string {
    return join(this.#folders.job, `chk-${checkpointId}`);
  }

  async #makeFolder(path: string): Promise<void> {
    try {
      await this.#fileSystem.makeFolder(path);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }

  /** Several slots may be at it. */
  async #removeFolder(name: string): Promise<void> {
    const folder = join(this.#folders.job, name);
    for (const file of await this.#namesIn(folder)) await this.#remove(join(folder, file));
    await this.#fileSystem.removeFolder(folder).catch(() => {});
  }

  async #remove(path: string): Promise<void> {
    await this.#fileSystem.remove(path).catch(() => {});
  }

  async #namesIn(path: string): Promise<readonly string[]> {
    try {
      return await this.#fileSystem.list(path);
    } catch {
      return [];
    }
  }
}
