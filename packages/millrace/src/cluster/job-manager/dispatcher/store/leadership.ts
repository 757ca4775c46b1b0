import { join } from "node:path";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { FileSystem } from "../../../../runtime/checkpoint/storage/file-system.ts";
import {
  ensureFolder,
  namesIn,
  removeQuietly,
  syncFolder,
} from "../../../../runtime/checkpoint/storage/folders.ts";
import { errorCode, storageProblem } from "../../../../runtime/checkpoint/storage/storage-problem.ts";
import { BEAT_FILE, EPOCH_FILE, highest, readLeader, type Leader } from "./leader-file.ts";

const ADOPTED_FILE = /^adopted-(\d{1,15})$/u;
/** How often the next epoch is tried to be had while others take theirs. */
const MAX_TRIES = 100;

/**
 * A JobManager's leadership over a folder that it shares with those before and after it. Taking it makes `epoch-<n>`, one above all that are
 * there, exclusively and for good; who finds one above his own has been replaced.
 *
 * Both sides go in opposite directions: a leader writes, then looks for a successor, and only then counts on what he wrote; a successor takes
 * his epoch, then looks what was written. So nothing that a leader counts on is missed by the next, however long he was stopped in between.
 */
export class Leadership {
  readonly folder: string;
  readonly epoch: number;
  readonly #fileSystem: FileSystem;
  #beats = 0;

  private constructor(fileSystem: FileSystem, folder: string, epoch: number) {
    this.#fileSystem = fileSystem;
    this.folder = folder;
    this.epoch = epoch;
  }

  /** Takes the lead from whoever has it; the folder is made where it is missing. @throws CHECKPOINT_STORAGE_FAILED */
  static async take(fileSystem: FileSystem, folder: string, leader: Leader): Promise<Leadership> {
    await ensureFolder(fileSystem, folder);
    for (let tries = 1; ; tries++) {
      const names = await namesIn(fileSystem, folder);
      // An epoch whose file was cleaned up is still known by what it adopted.
      const epoch = Math.max(highest(names, EPOCH_FILE), highest(names, ADOPTED_FILE)) + 1;
      const path = join(folder, `epoch-${epoch}`);
      try {
        await writeNew(fileSystem, path, JSON.stringify({ epoch, ...leader }));
      } catch (error) {
        if (errorCode(error) === "EEXIST" && tries < MAX_TRIES) continue;
        throw storageProblem("write", path, error);
      }
      await syncFolder(fileSystem, folder);
      return new Leadership(fileSystem, folder, epoch);
    }
  }

  /**
   * Sees that nobody has taken the lead since.
   *
   * @throws FENCED, saying who has; CHECKPOINT_STORAGE_FAILED where that can't be found out
   */
  async check(): Promise<void> {
    const names = await namesIn(this.#fileSystem, this.folder);
    const last = highest(names, EPOCH_FILE);
    if (last === this.epoch) return;
    const why =
      last < this.epoch
        ? "its own files there are gone, so that anybody may have taken over"
        : `${this.#successor(last)} has taken over`;
    throw new MillraceError(
      "FENCED",
      `this JobManager no longer leads the cluster in ${this.folder}: ${why}`,
      {
        help: "The jobs go on there. This process has changed nothing since.",
        details: { folder: this.folder, epoch: this.epoch, newest: last },
      },
    );
  }

  /** The last epoch whose leader had taken over all that was there; what earlier ones write after it counts for nothing. 0: none. */
  async adopted(): Promise<number> {
    return highest(await namesIn(this.#fileSystem, this.folder), ADOPTED_FILE);
  }

  /** Says that all there was has been taken over, and removes what earlier leaders said. */
  async markAdopted(): Promise<void> {
    await this.check();
    const path = join(this.folder, `adopted-${this.epoch}`);
    try {
      await writeNew(this.#fileSystem, path, "");
    } catch (error) {
      throw storageProblem("write", path, error);
    }
    await syncFolder(this.#fileSystem, this.folder);
    for (const name of await namesIn(this.#fileSystem, this.folder)) {
      const epoch = Number(
        (EPOCH_FILE.exec(name) ?? ADOPTED_FILE.exec(name) ?? BEAT_FILE.exec(name))?.[1] ?? Infinity,
      );
      if (epoch < this.epoch) await removeQuietly(this.#fileSystem, join(this.folder, name));
    }
  }

  /** Shows those who stand by that this leader lives. @throws CHECKPOINT_STORAGE_FAILED */
  async beat(): Promise<void> {
    const path = join(this.folder, `beat-${this.epoch}`);
    const temporary = join(this.folder, `.beat-${this.epoch}`);
    await removeQuietly(this.#fileSystem, temporary);
    try {
      await writeNew(this.#fileSystem, temporary, `${++this.#beats}`);
      await this.#fileSystem.rename(temporary, path);
    } catch (error) {
      throw storageProblem("write", path, error);
    }
  }

  /** Lets those who stand by take the lead at once. */
  async release(): Promise<void> {
    await removeQuietly(this.#fileSystem, join(this.folder, `beat-${this.epoch}`));
  }

  #successor(epoch: number): string {
    if (epoch === 0) return "another process";
    const leader = readLeader(this.#fileSystem, this.folder, epoch);
    if (leader?.startedAt === undefined) return `another process, epoch ${epoch},`;
    return `process ${leader.pid} on ${leader.host}, started ${new Date(leader.startedAt).toISOString()},`;
  }
}

/** A new file, whole and for good, or none. */
async function writeNew(fileSystem: FileSystem, path: string, text: string): Promise<void> {
  const file = await fileSystem.create(path);
  try {
    await file.write(Buffer.from(text));
    await file.sync();
  } finally {
    await file.close();
  }
}
