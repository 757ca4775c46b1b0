import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { unavailable } from "../binding/load-binding.ts";
import { LocalFolder } from "./local-folder.ts";

/** Below the folder that the settings name. */
const FOLDER = "millrace-rocksdb";
/** In each process's folder: whose it is. */
const OWNER = "owner";

/** Whose folder it is. A number alone may be another process's by now. */
interface Owner {
  readonly host: string;
  readonly pid: number;
  /** When the process was started, as the system says; "" where it does not. */
  readonly started: string;
}

/**
 * The folder for RocksDB's working files of one slot: `<localdir>/millrace-rocksdb/<process>-<random>/<store>`. Made with the first store;
 * removed with its last one, and with it the folder around it when nobody else has one there. What processes left that were killed is removed by whoever comes next.
 */
export class WorkingFolder {
  readonly #base: string;
  #own: string | undefined;
  #stores = 0;
  #made = 0;

  /** @param localDir undefined: the system's folder for temporary files */
  constructor(localDir: string | undefined) {
    this.#base = join(localDir ?? tmpdir(), FOLDER);
  }

  /** A folder for a store. @throws STATE_BACKEND_UNAVAILABLE where none can be made */
  create(name: string): LocalFolder {
    this.#own ??= this.#make();
    const safe = name.replaceAll(/[^\w.-]+/g, "_").slice(0, 40);
    this.#stores++;
    return new LocalFolder(join(this.#own, `${safe}-${++this.#made}`), () => this.#removed());
  }

  #removed(): void {
    if (--this.#stores > 0 || this.#own === undefined) return;
    try {
      rmSync(this.#own, { recursive: true, force: true });
      rmdirSync(this.#base);
    } catch {
      // Somebody else works in it, too; or whoever comes next removes it.
    }
    this.#own = undefined;
  }

  #make(): string {
    try {
      mkdirSync(this.#base, { recursive: true });
      removeLeftOvers(this.#base);
      const own = join(this.#base, `${process.pid}-${randomBytes(6).toString("hex")}`);
      // With the folder around it, which somebody may have removed because it was empty.
      mkdirSync(own, { recursive: true });
      writeFileSync(join(own, OWNER), JSON.stringify(self()));
      return own;
    } catch (error) {
      throw unavailable(`its working folder ${this.#base} can't be made: ${(error as Error).message}`, error);
    }
  }
}

/** Removes the folders of processes of this machine that are no more. */
function removeLeftOvers(base: string): void {
  for (const name of namesIn(base)) {
    const path = join(base, name);
    try {
      const owner = JSON.parse(readFileSync(join(path, OWNER), "utf8")) as Owner;
      if (owner.host === hostname() && !isAlive(owner)) rmSync(path, { recursive: true, force: true });
    } catch {
      // Being made or removed by somebody else, or nothing of ours.
    }
  }
}

function namesIn(base: string): readonly string[] {
  try {
    return readdirSync(base);
  } catch {
    // Empty, and removed meanwhile.
    return [];
  }
}

function self(): Owner {
  return { host: hostname(), pid: process.pid, started: startOf(process.pid) ?? "" };
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's is alive, too.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
  const now = startOf(pid);
  return now === undefined || started === "" || now === started;
}

/** When a process was started, in the system's own count; undefined where there is no such process, or the system does not say. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in brackets, may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
