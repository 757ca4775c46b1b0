import { join } from "node:path";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { linkOrCopy } from "../../../../runtime/checkpoint/storage/adopt-file.ts";
import type { FileSystem } from "../../../../runtime/checkpoint/storage/file-system.ts";
import {
  ensureFolder,
  namesIn,
  removeFile,
  removeQuietly,
  syncFolder,
} from "../../../../runtime/checkpoint/storage/folders.ts";
import { errorCode, storageProblem } from "../../../../runtime/checkpoint/storage/storage-problem.ts";
import { hexDigits } from "../../../../runtime/checkpoint/storage/unique-name.ts";
import type { Leadership } from "./leadership.ts";

const NAME = /^(\d{1,15})-([\w.-]+)$/u;
const TEMPORARY = /^\.writing-(\d{1,15})-/u;
const UNIQUE_BYTES = 8;
/** How often taking over begins anew, because an earlier leader, who does not know yet, changes something meanwhile. */
const MAX_TRIES = 100;

/** What a folder needs besides its leader. */
export interface EpochFolderOptions {
  readonly fileSystem: FileSystem;
  readonly leadership: Leadership;
  readonly randomBytes: (count: number) => Uint8Array;
}

/**
 * Files by name that a leader leaves to the next: `<epoch>-<name>`. A leader writes and removes under his own epoch alone, so that one who was
 * stopped in the middle of it, replaced, and resumed, changes nothing that his successor has taken over.
 *
 * Taking over gives each file a second name, of the new epoch; once all have it (`Leadership.markAdopted`), what has older names counts
 * for nothing, whenever it was written.
 */
export class EpochFolder {
  readonly folder: string;
  readonly #options: EpochFolderOptions;
  readonly #names = new Set<string>();

  constructor(folder: string, options: EpochFolderOptions) {
    this.folder = folder;
    this.#options = options;
  }

  /** The names of all files. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  /** Where a file is. */
  path(name: string): string {
    return join(this.folder, `${this.#options.leadership.epoch}-${name}`);
  }

  /** Takes over what is there. Before `Leadership.markAdopted`. @throws CHECKPOINT_STORAGE_FAILED */
  async adopt(): Promise<void> {
    await ensureFolder(this.#options.fileSystem, this.folder);
    for (let tries = 1; ; tries++) {
      try {
        return await this.#adopt();
      } catch (error) {
        if (errorCode((error as Error).cause) !== "ENOENT" || tries >= MAX_TRIES) throw error;
      }
    }
  }

  async #adopt(): Promise<void> {
    const { fileSystem, leadership } = this.#options;
    const since = await leadership.adopted();
    const newest = new Map<string, number>();
    for (const { name, epoch } of await this.#found())
      if (epoch >= since && epoch < leadership.epoch)
        newest.set(name, Math.max(epoch, newest.get(name) ?? 0));
    for (const [name, epoch] of newest) {
      if (this.#names.has(name)) continue;
      await this.#put(name, (path) => linkOrCopy(fileSystem, join(this.folder, `${epoch}-${name}`), path));
      this.#names.add(name);
    }
    await syncFolder(fileSystem, this.folder);
  }

  /** Gives a file its name when all of it stands under another: a copy of which the half stands would count as the newest. */
  async #put(name: string, make: (path: string) => Promise<void>): Promise<void> {
    const { fileSystem, leadership, randomBytes } = this.#options;
    const path = this.path(name);
    const temporary = join(
      this.folder,
      `.writing-${leadership.epoch}-${hexDigits(randomBytes(UNIQUE_BYTES))}`,
    );
    try {
      await make(temporary);
      await fileSystem.rename(temporary, path);
    } catch (error) {
      await removeQuietly(fileSystem, temporary);
      throw MillraceError.is(error) ? error : storageProblem("write", path, error);
    }
  }

  /** Removes what earlier leaders had. After `Leadership.markAdopted`. */
  async removeFormer(): Promise<void> {
    const { fileSystem, leadership } = this.#options;
    for (const { name, epoch } of await this.#found())
      if (epoch < leadership.epoch) await removeQuietly(fileSystem, join(this.folder, `${epoch}-${name}`));
    for (const name of await namesIn(fileSystem, this.folder))
      if (Number(TEMPORARY.exec(name)?.[1] ?? Infinity) < leadership.epoch)
        await removeQuietly(fileSystem, join(this.folder, name));
  }

  /**
   * Writes a file, or puts other bytes in its place: whole, for good, or not at all.
   *
   * @throws FENCED: whether it was written is of no meaning then; CHECKPOINT_STORAGE_FAILED
   */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    const { fileSystem, leadership } = this.#options;
    await leadership.check();
    await this.#put(name, async (path) => {
      const file = await fileSystem.create(path);
      try {
        await file.write(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    });
    this.#names.add(name);
    await syncFolder(fileSystem, this.folder);
    await leadership.check();
  }

  /** Removes a file for good; one that is not there is no error. @throws FENCED, CHECKPOINT_STORAGE_FAILED */
  async remove(name: string): Promise<void> {
    const { fileSystem, leadership } = this.#options;
    await leadership.check();
    await removeFile(fileSystem, this.path(name));
    this.#names.delete(name);
    await syncFolder(fileSystem, this.folder);
    await leadership.check();
  }

  /** The bytes of a file. @throws CHECKPOINT_STORAGE_FAILED */
  read(name: string): Uint8Array {
    const path = this.path(name);
    try {
      const file = this.#options.fileSystem.open(path);
      try {
        const bytes = new Uint8Array(file.length);
        return bytes.subarray(0, file.read(bytes, 0));
      } finally {
        file.close();
      }
    } catch (error) {
      throw storageProblem("read", path, error);
    }
  }

  async #found(): Promise<{ name: string; epoch: number }[]> {
    const names = await namesIn(this.#options.fileSystem, this.folder);
    return names.flatMap((each) => {
      const [, epoch, name] = NAME.exec(each) ?? [];
      return name === undefined ? [] : { name, epoch: Number(epoch) };
    });
  }
}
