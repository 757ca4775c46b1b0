import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A process of a cluster that was started here. */
export interface StartedProcess {
  /** "jobmanager", "taskmanager-1" */
  readonly name: string;
  readonly pid: number;
  /** When it began, as the system counts; undefined where the system doesn't tell. Pids are used again. */
  readonly began: string | undefined;
  readonly logPath: string;
}

/** A cluster that was started here. */
export interface ClusterState {
  readonly restUrl: string;
  readonly processes: readonly StartedProcess[];
}

const fileIn = (folder: string): string => join(folder, "cluster.json");

/** undefined: none was started, or it was stopped. */
export async function readState(folder: string): Promise<ClusterState | undefined> {
  try {
    return JSON.parse(await readFile(fileIn(folder), "utf8")) as ClusterState;
  } catch {
    return undefined;
  }
}

/** Nobody but its owner may read it, and none ever reads half of it. */
export async function writeState(folder: string, state: ClusterState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${fileIn(folder)}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, fileIn(folder));
}

export const removeState = (folder: string): Promise<void> => rm(fileIn(folder), { force: true });

/** Whether a process that was started here is still the one that has its number. */
export async function isAlive({ pid, began }: Pick<StartedProcess, "pid" | "began">): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = await beginOf(pid);
  return now === undefined || began === undefined || now === began;
}

/** When a process began; undefined where the system doesn't tell, or there is none. A zombie counts as none. */
export async function beginOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in brackets may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? "gone" : fields[19];
}
