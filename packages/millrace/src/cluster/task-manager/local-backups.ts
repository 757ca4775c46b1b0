import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Clock, ClockTimer } from "../../common/clock/clock.ts";
import { configValue } from "../../common/config/configuration.ts";
import type { Config } from "../../common/config/configuration.ts";
import { LOCAL_BACKUP_DIRS } from "../../common/config/options.ts";
import type { JobId } from "../../common/ids/ids.ts";
import type { LocalFolders } from "../../runtime/checkpoint/local/local-copies.ts";
import { makeJobFolder, removeLeftOverFolders } from "../artifact/job-folder.ts";

/** What a process needs for copies of state. */
export interface LocalBackupsOptions {
  /** Its own; removed with everything in it. */
  readonly folder: string;
  readonly clock: Clock;
}

interface JobCopies {
  slots: number;
  /** Whether the job is over: nobody recovers it. */
  over: boolean;
  idle: ClockTimer | undefined;
}

/** ms that copies are kept for a job that has no slot here: it may be restarting, wait for slots, or be over without our being told. */
const MAX_IDLE = 30 * 60_000;

/**
 * The folders in which the slots of a process keep copies of state: `<folder>/<job>`, and in it one of each slot's own. Attempts of a job come
 * and go, its copies stay until the job is over.
 */
export class LocalBackups {
  readonly #options: LocalBackupsOptions;
  readonly #jobs = new Map<JobId, JobCopies>();
  readonly #removals = new Set<Promise<void>>();
  #named = 0;

  constructor(options: LocalBackupsOptions) {
    this.#options = options;
  }

  /** For a slot that begins. Nothing is made yet: few jobs want copies. */
  begin(job: JobId): LocalFolders {
    const copies = this.#jobs.get(job) ?? { slots: 0, over: false, idle: undefined };
    this.#jobs.set(job, copies);
    copies.idle?.cancel();
    copies.slots++;
    const folder = this.#folderOf(job);
    return { job: folder, slot: join(folder, `slot-${this.#named++}`) };
  }

  /** Its thread has ended. What no snapshot of it named is of no use. */
  ended(job: JobId, { slot }: LocalFolders): void {
    this.#remove(slot);
    const copies = this.#jobs.get(job);
    if (copies === undefined || --copies.slots > 0) return;
    if (copies.over) this.#drop(job);
    else copies.idle = this.#options.clock.schedule(MAX_IDLE, () => this.#drop(job));
  }

  /** The job is over. Its copies go when its last slot has ended. */
  forget(job: JobId): void {
    const copies = this.#jobs.get(job);
    if (copies === undefined) return;
    copies.over = true;
    if (copies.slots === 0) this.#drop(job);
  }

  /** Removes everything. Slots have ended by now. */
  async close(): Promise<void> {
    for (const { idle } of this.#jobs.values()) idle?.cancel();
    this.#jobs.clear();
    await Promise.all(this.#removals);
    await removeTree(this.#options.folder);
  }

  #drop(job: JobId): void {
    this.#jobs.get(job)?.idle?.cancel();
    this.#jobs.delete(job);
    this.#remove(this.#folderOf(job));
  }

  #remove(path: string): void {
    const removal = removeTree(path).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  #folderOf(job: JobId): string {
    return join(this.#options.folder, job);
  }
}

/**
 * Makes the folder for copies of state of this process, where the settings say, and removes those of processes that are no more: the copies
 * are of use to nobody but the process that made them.
 *
 * @param otherwise where the settings don't say; default: the system's folder for temporary files
 * @throws as the system where it can't be made
 */
export async function openLocalBackups(
  config: Config,
  clock: Clock,
  otherwise: string = tmpdir(),
): Promise<LocalBackups> {
  const [first = ""] = (configValue(config, LOCAL_BACKUP_DIRS) ?? "").split(",");
  const base = first.trim() === "" ? otherwise : resolve(first.trim());
  await mkdir(base, { recursive: true });
  if (base !== otherwise) void removeLeftOverFolders(base);
  return new LocalBackups({ folder: await makeJobFolder(base), clock });
}

/** What can't be removed is removed with the process's folder, or when the next process starts. */
async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => {});
}
