import { statSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import type { Clock, ClockTimer } from "../../common/clock/clock.ts";

/** Editors write a file in several steps, and save several files at a time: this long after the last one, ms. */
const QUIET = 100;

/**
 * Watches files for being saved: written in place, replaced, removed and made again. Folders are watched rather than the files, since
 * most editors replace what they save.
 */
export class FileWatch {
  readonly #clock: Clock;
  readonly #saved: (paths: readonly string[]) => void;
  readonly #folders = new Map<string, FSWatcher>();
  /** By path: what the file looked like when it was last seen. */
  #stamps = new Map<string, string>();
  #timer: ClockTimer | undefined;

  /** @param saved called with the files that have changed, once they have been left alone for a moment */
  constructor(clock: Clock, saved: (paths: readonly string[]) => void) {
    this.#clock = clock;
    this.#saved = saved;
  }

  /** The files to be watched from now on, absolute. What of them has changed since they were last seen is told, too. */
  update(paths: readonly string[]): void {
    this.#stamps = new Map(paths.map((path) => [path, this.#stamps.get(path) ?? stampOf(path)]));
    const folders = new Set(paths.map((path) => dirname(path)));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of folders) if (!this.#folders.has(folder)) this.#watch(folder);
    this.#look();
  }

  close(): void {
    this.#timer?.cancel();
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #watch(folder: string): void {
    const names = (name: string | null): boolean =>
      name === null ||
      [...this.#stamps.keys()].some((path) => dirname(path) === folder && basename(path) === name);
    try {
      const watcher = watch(folder, (_event, name) => {
        if (names(name)) this.#look();
      });
      // A folder that goes away is watched again with the next update.
      watcher.on("error", () => {
        watcher.close();
        this.#folders.delete(folder);
      });
      this.#folders.set(folder, watcher);
    } catch {
      // It doesn't exist: nothing in it can be saved.
    }
  }

  /** Looks at the files when nothing more has happened for a moment. */
  #look(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.schedule(QUIET, () => {
      const changed = [...this.#stamps]
        .filter(([path, stamp]) => stampOf(path) !== stamp)
        .map(([path]) => path);
      for (const path of changed) this.#stamps.set(path, stampOf(path));
      if (changed.length > 0) this.#saved(changed);
    });
  }
}

/** Different after each save. */
function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "missing";
  }
}
