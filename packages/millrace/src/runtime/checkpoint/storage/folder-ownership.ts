import { join } from "node:path";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { FileSystem } from "./file-system.ts";
import { ensureFolder, namesIn, removeFile, removeIfEmpty, removeQuietly, syncFolder } from "./folders.ts";
import {
  describeOwner,
  isAhead,
  readOwner,
  type FolderOwner,
  type OwnerLeader,
  type OwnerProcess,
} from "./folder-owner.ts";
import { errorCode, storageProblem } from "./storage-problem.ts";
import { hexDigits } from "./unique-name.ts";

/** Name of the file by which a process owns a folder of checkpoints; the number is its epoch. */
const OWNER_FILE = /^owner-(\d+)$/u;

/** How often the file is tried to be made while others make or remove theirs. */
const MAX_TRIES = 100;
const TOKEN_BYTES = 12;
/** How many jobs an owner remembers that owned the folder before. */
const MAX_EARLIER = 20;

/** Who takes a folder. */
export interface OwnershipOptions {
  readonly fileSystem: FileSystem;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly process: OwnerProcess;
  /** The job that takes it. */
  readonly job: string;
  /** Whether the job goes on with what it had: then the folder stays with another job that has taken it since. Default false. */
  readonly again?: boolean;
  /**
   * For whom the job runs, in a cluster: the folder stays with the same job of a later leader. So a process that was stopped before it took the
   * folder, and goes on when it has been replaced, takes it from nobody.
   */
  readonly leader?: OwnerLeader | undefined;
}

/**
 * A folder of checkpoints belongs to the process that took it last (correctness rule 27). Taking it makes `owner-<epoch>`, one above all that are
 * there, exclusively; who finds one above his own has been replaced, and must neither tell anybody of what he wrote, nor remove anything.
 *
 * Both sides go in opposite directions: the owner writes, *then* looks for a successor; a successor takes the folder, *then* looks what was
 * written. So what the owner was sure of, his successor has seen.
 */
export class FolderOwnership {
  readonly folder: string;
  readonly epoch: number;
  /** The jobs that had it before, the last first. */
  readonly earlier: readonly string[];
  readonly #options: OwnershipOptions;
  readonly #token: string;

  private constructor(
    folder: string,
    epoch: number,
    token: string,
    earlier: readonly string[],
    options: OwnershipOptions,
  ) {
    this.folder = folder;
    this.epoch = epoch;
    this.earlier = earlier;
    this.#token = token;
    this.#options = options;
  }

  /**
   * Takes a folder, which is made where it is missing, from whoever owns it.
   *
   * @throws FENCED with `again`, where it is another job's, and with `leader`, where a later one has it; CHECKPOINT_STORAGE_FAILED
   */
  static async take(folder: string, options: OwnershipOptions): Promise<FolderOwnership> {
    const { fileSystem, randomBytes, job, process, again = false, leader } = options;
    const token = hexDigits(randomBytes(TOKEN_BYTES));
    for (let tries = 1; ; tries++) {
      await ensureFolder(fileSystem, folder);
      const names = await namesIn(fileSystem, folder);
      const owners = jobsOf(fileSystem, folder, names);
      const last = highest(names);
      const owner = readOwner(fileSystem, ownerFile(folder, last));
      const isAnothers = again && owners.length > 0 && owners[0] !== job;
      if (isAnothers) throw fenced(folder, undefined, last, owner);
      if (leader !== undefined && owner !== undefined && isAhead(owner, job, leader))
        throw fencedByLater(folder, leader, owner);
      const earlier = owners.filter((other) => other !== job);
      const epoch = last + 1;
      const path = ownerFile(folder, epoch);
      try {
        await writeOwner(fileSystem, path, {
          epoch,
          token,
          job,
          ...process,
          earlier,
          ...(leader && { leader }),
        });
      } catch (error) {
        const code = errorCode(error);
        // Someone else was quicker; or the last owner, who has ended, removed the folder.
        if ((code === "EEXIST" || code === "ENOENT") && tries < MAX_TRIES) continue;
        throw storageProblem("write", path, error);
      }
      await syncFolder(fileSystem, folder);
      const own = new FolderOwnership(folder, epoch, token, earlier, options);
      await own.#removeEarlier();
      return own;
    }
  }

  /**
   * Sees that nobody has taken the folder since.
   *
   * @throws FENCED, saying who has; CHECKPOINT_STORAGE_FAILED where that can't be found out
   */
  async check(): Promise<void> {
    const { fileSystem } = this.#options;
    const last = highest(await namesIn(fileSystem, this.folder));
    const owner = last === 0 ? undefined : readOwner(fileSystem, ownerFile(this.folder, last));
    if (last === this.epoch && owner?.token === this.#token) return;
    throw fenced(this.folder, this.epoch, last, owner);
  }

  /**
   * Lets go of the folder, and removes it, where nothing but this is left in it; as long as there is something, it stays owned: a former owner is
   * to find out that it is none any more.
   *
   * @returns whether it is gone
   */
  async leaveIfEmpty(): Promise<boolean> {
    const { fileSystem } = this.#options;
    const own = ownerFile(this.folder, this.epoch);
    try {
      await removeIfEmpty(fileSystem, join(this.folder, "shared"));
      for (const name of await namesIn(fileSystem, this.folder))
        if (join(this.folder, name) !== own) return false;
      await removeFile(fileSystem, own);
    } catch {
      return false;
    }
    await removeIfEmpty(fileSystem, this.folder);
    return true;
  }

  async #removeEarlier(): Promise<void> {
    const { fileSystem } = this.#options;
    try {
      for (const name of await namesIn(fileSystem, this.folder)) {
        const epoch = epochOf(name);
        if (epoch > 0 && epoch < this.epoch) await removeQuietly(fileSystem, join(this.folder, name));
      }
    } catch {
      // A file that is left says nothing wrong.
    }
  }
}

/** The jobs that own a folder of checkpoints, or did, the last first. @throws CHECKPOINT_STORAGE_FAILED */
export async function ownersOf(fileSystem: FileSystem, folder: string): Promise<readonly string[]> {
  return jobsOf(fileSystem, folder, await namesIn(fileSystem, folder));
}

/** Who took a folder of checkpoints last; undefined where nobody did, or what is written of it can't be read. @throws CHECKPOINT_STORAGE_FAILED */
export async function lastOwnerOf(fileSystem: FileSystem, folder: string): Promise<FolderOwner | undefined> {
  const last = Math.max(0, ...(await namesIn(fileSystem, folder)).map(epochOf));
  return last === 0 ? undefined : readOwner(fileSystem, ownerFile(folder, last));
}

/** All files of owners count: the last may not be written yet, and what it will say stands in those before it. */
function jobsOf(fileSystem: FileSystem, folder: string, names: readonly string[]): readonly string[] {
  const epochs = names.map(epochOf).filter((epoch) => epoch > 0);
  const owners = epochs
    .sort((a, b) => b - a)
    .flatMap((epoch) => readOwner(fileSystem, ownerFile(folder, epoch)) ?? []);
  const jobs = owners.flatMap(({ job, earlier = [] }) => [job, ...earlier]);
  return [...new Set(jobs)].slice(0, MAX_EARLIER);
}

/** @param epoch of who finds out; undefined: he had none */
function fenced(
  folder: string,
  epoch: number | undefined,
  last: number,
  owner: FolderOwner | undefined,
): MillraceError {
  const by =
    last === 0
      ? "another process took them over, and has come to its end since"
      : `they were taken over by ${describeOwner(owner)}`;
  return new MillraceError("FENCED", `this process no longer owns the checkpoints in ${folder}: ${by}`, {
    help: `${last === 0 ? "" : "The job goes on there. "}This process has written nothing that counts since, and removes nothing; no output is missing or doubled.`,
    details: {
      folder,
      ...(epoch === undefined ? {} : { epoch }),
      ...(owner === undefined ? {} : { owner: { ...owner } }),
    },
  });
}

/** A later leader has it; or the leaders count from an earlier number again. */
function fencedByLater(folder: string, leader: OwnerLeader, owner: FolderOwner): MillraceError {
  const { message, help, details } = fenced(folder, undefined, owner.epoch, owner);
  return new MillraceError(
    "FENCED",
    `${message}, whose JobManager leads as epoch ${owner.leader?.epoch}; this one led as epoch ${leader.epoch}`,
    {
      help: `${help} Where high-availability.storageDir was put back from a backup, so that epochs begin again, and nobody runs the job: remove ${ownerFile(folder, owner.epoch)}.`,
      details,
    },
  );
}

const ownerFile = (folder: string, epoch: number): string => join(folder, `owner-${epoch}`);

const epochOf = (name: string): number => Number(OWNER_FILE.exec(name)?.[1] ?? 0);

const highest = (names: readonly string[]): number => Math.max(0, ...names.map(epochOf));

/** Exclusively, and for good. */
async function writeOwner(fileSystem: FileSystem, path: string, owner: FolderOwner): Promise<void> {
  const file = await fileSystem.create(path);
  try {
    try {
      await file.write(Buffer.from(`${JSON.stringify(owner)}\n`));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await removeQuietly(fileSystem, path);
    throw error;
  }
}
