import { existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { diskParts } from "../disk-parts.ts";
import type { PartHandle, PartStorage } from "../part-storage.ts";

/** Where in a step the process dies. */
export type Moment = "before" | "within" | "after";

/** When a process dies: at which of its steps on the disk, counted from 1, and where in it. */
export interface Death {
  readonly step: number;
  readonly moment: Moment;
}

/** How to undo what a loss of power undoes: entries of directories that were not synced. */
interface Unsynced {
  readonly directory: string;
  undo(): void;
}

/**
 * The disk as one process uses it, which dies at a given step: from then on nothing of what it does has any effect. Knows what would
 * not survive a loss of power besides: syncing is accounted for, not done.
 */
export class MortalParts implements PartStorage {
  readonly #death: Death | undefined;
  /** Bytes of files that are synced. */
  readonly #synced = new Map<string, number>();
  #entries: Unsynced[] = [];
  readonly #open = new Set<PartHandle>();
  #steps = 0;
  dead = false;

  /** @param death undefined for a process that lives */
  constructor(death?: Death) {
    this.#death = death;
  }

  /** The steps taken so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Power is lost: what was not synced is gone. */
  losePower(): void {
    this.dead = true;
    for (const entry of this.#entries.toReversed()) entry.undo();
    for (const [path, size] of this.#synced)
      if (existsSync(path) && statSync(path).size > size) truncateSync(path, size);
  }

  /** The process ends: the system closes its files. */
  async end(): Promise<void> {
    this.dead = true;
    for (const handle of this.#open) await handle.close();
    this.#open.clear();
  }

  async prepareDirectory(path: string): Promise<readonly string[]> {
    return this.#step(async () => {
      const changed = await diskParts.prepareDirectory(path);
      for (const made of changed.slice(0, -1)) {
        this.#entries.push({
          directory: dirname(made),
          undo: () => rmSync(made, { recursive: true, force: true }),
        });
      }
      return changed;
    });
  }

  async create(path: string): Promise<PartHandle | undefined> {
    const handle = await this.#step(async () => {
      const opened = await diskParts.create(path);
      if (opened !== undefined) this.#open.add(opened);
      return opened;
    });
    if (handle === undefined) return undefined;
    this.#synced.set(path, 0);
    this.#entries.push({ directory: dirname(path), undo: () => rmSync(path, { force: true }) });
    return {
      appendFile: (bytes) =>
        this.#step(
          () => handle.appendFile(bytes),
          () => handle.appendFile(bytes.subarray(0, bytes.length >> 1)),
        ),
      datasync: () =>
        this.#step(async () => {
          this.#synced.set(path, statSync(path).size);
        }),
      close: () =>
        this.#step(async () => {
          await handle.close();
          this.#open.delete(handle);
        }),
    };
  }

  sizeOf(path: string): Promise<number | undefined> {
    return this.#step(() => diskParts.sizeOf(path));
  }

  async copyPrefix(from: string, length: number, to: PartHandle): Promise<void> {
    await this.#step(async () => {});
    await diskParts.copyPrefix(from, length, to);
  }

  rename(from: string, to: string): Promise<boolean> {
    return this.#step(async () => {
      const done = await diskParts.rename(from, to);
      if (!done) return false;
      this.#synced.set(to, this.#synced.get(from) ?? statSync(to).size);
      this.#synced.delete(from);
      this.#entries.push({ directory: dirname(to), undo: () => existsSync(to) && renameSync(to, from) });
      return true;
    });
  }

  remove(path: string): Promise<void> {
    return this.#step(async () => {
      if (!existsSync(path)) return;
      const content = readFileSync(path);
      await diskParts.remove(path);
      this.#synced.delete(path);
      this.#entries.push({
        directory: dirname(path),
        undo: () => existsSync(dirname(path)) && writeFileSync(path, content),
      });
    });
  }

  syncDirectories(paths: Iterable<string>): Promise<void> {
    const all = new Set(paths);
    return this.#step(async () => {
      this.#entries = this.#entries.filter(({ directory }) => !all.has(directory));
    });
  }

  async *hiddenFiles(root: string): AsyncIterable<string> {
    await this.#step(async () => {});
    yield* diskParts.hiddenFiles(root);
  }

  /** @param half what is done of it by a process that dies within */
  async #step<R>(work: () => Promise<R>, half: () => Promise<unknown> = work): Promise<R> {
    if (this.dead) throw died();
    this.#steps++;
    if (this.#steps !== this.#death?.step) return work();
    this.dead = true;
    if (this.#death.moment === "within") await half();
    else if (this.#death.moment === "after") await work();
    throw died();
  }
}

const died = (): MillraceError => new MillraceError("SINK_FAILED", "the process died");
