import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { ReadyMessage } from "../cluster-process.ts";
import { beginOf, type StartedProcess } from "./cluster-state.ts";

/** A process that has told that it is at work. */
export interface SpawnedProcess extends StartedProcess {
  readonly child: ChildProcess;
  readonly ready: ReadyMessage;
}

/** What a process is started with. */
export interface SpawnOptions {
  /** "taskmanager-1" */
  readonly name: string;
  /** "jobmanager", "taskmanager" */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where what it says on standard error goes. */
  readonly folder: string;
}

/** How much of what a process said is told when it did not begin, characters. */
const MAX_SAID = 2000;

/**
 * Starts a process of a cluster by this command line's own program, in a group of its own: it goes on when this process ends, and a Ctrl-C
 * here does not reach it.
 *
 * @throws CLUSTER_UNREACHABLE with what it said when it ends before it is at work
 */
export async function spawnProcess({
  name,
  command,
  args,
  env,
  folder,
}: SpawnOptions): Promise<SpawnedProcess> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const said = join(folder, `${name}.err`);
  const file = openSync(said, "w", 0o600);
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] as string, command, ...args], {
    detached: true,
    env,
    stdio: ["ignore", "ignore", file, "ipc"],
  });
  closeSync(file);
  try {
    const ready = await new Promise<ReadyMessage>((resolve, reject) => {
      child.on("message", (message) => resolve(message as ReadyMessage));
      child.on("error", reject);
      child.on("exit", (code, signal) => reject(notBegun(name, code ?? signal, said)));
    });
    const pid = child.pid as number;
    return { name, pid, began: await beginOf(pid), logPath: ready.logPath, child, ready };
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function notBegun(name: string, how: unknown, said: string): MillraceError {
  const text = readFileSync(said, "utf8").trim().slice(-MAX_SAID);
  return new MillraceError(
    "CLUSTER_UNREACHABLE",
    `${name} ended with ${String(how)} before it was at work${text === "" ? "" : `:\n${text}`}`,
  );
}
