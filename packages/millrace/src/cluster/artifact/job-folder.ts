import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { lstat, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

/*
 * Folders in the system's place for temporary files, one for each job module that this process has bundled. Their names tell which process they
 * are of, `millrace-job-<machine>-<pid>-<start>-<random>`, so that those of processes that were killed can be told from those in use.
 */

const FOLDER = /^millrace-job-(?<machine>[0-9a-f]{8})-(?<pid>\d+)-(?<start>\d+)-\w+$/u;

/** A folder that nobody else has. It is removed when the process ends, unless that is killed. @param base as for `removeLeftOverFolders` */
export async function makeJobFolder(base: string = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(base, `millrace-job-${machine()}-${process.pid}-${ownStart()}-`));
  if (inUse.size === 0 && !watching) process.on("exit", removeAll);
  watching = true;
  inUse.add(folder);
  return folder;
}

/** Removes one. Safe to call twice. */
export async function removeJobFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  inUse.delete(folder);
}

/**
 * Removes what processes of this machine and this user have left that are no more; once for each process. Nothing of those that live, or of
 * others. Never rejects: what can't be removed does no harm.
 *
 * @param base the system's folder for temporary files, unless given
 */
export function removeLeftOverFolders(base?: string): Promise<void> {
  if (base !== undefined) return sweep(base);
  swept ??= sweep(tmpdir());
  return swept;
}

const inUse = new Set<string>();
let watching = false;
let swept: Promise<void> | undefined;

function removeAll(): void {
  for (const folder of inUse) rmSync(folder, { recursive: true, force: true });
}

async function sweep(base: string): Promise<void> {
  let names: readonly string[];
  try {
    names = await readdir(base);
  } catch {
    return;
  }
  for (const name of names) {
    const { machine: where, pid, start } = FOLDER.exec(name)?.groups ?? {};
    if (where !== machine() || pid === undefined || start === undefined) continue;
    const path = join(base, name);
    try {
      if ((await isAlive(Number(pid), start)) || !(await isOwnFolder(path))) continue;
      await rm(path, { recursive: true, force: true });
    } catch {
      // Somebody else is removing it, or it is not ours.
    }
  }
}

/** A number alone may be another process's by now: it counts only with the time of its start, where the system tells that. */
async function isAlive(pid: number, start: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's is alive, too.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
  const now = startIn(await readFile(statOf(pid), "utf8").catch(() => ""));
  return now === "0" || start === "0" || now === start;
}

/** A real folder, no link to one, that this user made. */
async function isOwnFolder(path: string): Promise<boolean> {
  const stat = await lstat(path);
  return stat.isDirectory() && (process.getuid === undefined || stat.uid === process.getuid());
}

/** Tells machines apart, and containers, whose numbers of processes mean nothing to others that share a folder with them. */
function machine(): string {
  return createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
}

const statOf = (pid: number): string => `/proc/${pid}/stat`;

function ownStart(): string {
  try {
    return startIn(readFileSync(statOf(process.pid), "utf8"));
  } catch {
    return "0";
  }
}

/** When a process was started, in the system's own count; "0" where it does not say. The name before may have anything in it. */
function startIn(stat: string): string {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const start = fields[19];
  return start !== undefined && /^\d+$/u.test(start) ? start : "0";
}
