import type { Clock } from "../../../../common/clock/clock.ts";
import type { FileSystem } from "../../../../runtime/checkpoint/storage/file-system.ts";
import { ensureFolder, namesIn } from "../../../../runtime/checkpoint/storage/folders.ts";
import { EPOCH_FILE, highest, readBeat, readLeader, type Leader } from "./leader-file.ts";

/** How a JobManager stands by. Times in ms. */
export interface StandByOptions {
  readonly fileSystem: FileSystem;
  readonly folder: string;
  readonly clock: Clock;
  /** This process. */
  readonly self: Pick<Leader, "host" | "pid">;
  /** How often is looked. */
  readonly interval: number;
  /** After how long without a sign of life the leader is taken as gone. */
  readonly timeout: number;
  /** Whether a process of this machine lives. */
  readonly alive: (pid: number) => boolean;
  /** There is a leader that lives: called once for each. */
  readonly onStandBy: (leader: string) => void;
}

/**
 * Waits as long as another JobManager leads: until it has ended in order, its process is gone from this machine, or it has shown no sign of life for
 * `timeout`, by this process's own clock. That it is gone is only assumed: who takes the lead then relies on `Leadership`, which fences whoever
 * had it, and not on this.
 */
export async function awaitLead(options: StandByOptions): Promise<void> {
  const { fileSystem, folder, clock, self, interval, timeout, alive, onStandBy } = options;
  await ensureFolder(fileSystem, folder);
  let sign = "";
  let since = clock.monotonic();
  let told = 0;
  let silent = 0;
  for (;;) {
    const epoch = highest(await namesIn(fileSystem, folder), EPOCH_FILE);
    if (epoch === 0) return;
    const leader = readLeader(fileSystem, folder, epoch);
    if (leader?.host === self.host && (leader.pid === self.pid || !alive(leader.pid ?? 0))) return;
    const beat = readBeat(fileSystem, folder, epoch);
    // One that has just taken the lead may not have come to its first sign.
    silent = beat === undefined ? silent + 1 : 0;
    if (silent > 1) return;
    if (`${epoch} ${beat}` !== sign) {
      sign = `${epoch} ${beat}`;
      since = clock.monotonic();
    } else if (clock.monotonic() - since >= timeout) return;
    if (told !== epoch && beat !== undefined)
      onStandBy(`process ${leader?.pid} on ${leader?.host}, epoch ${epoch}`);
    if (beat !== undefined) told = epoch;
    await new Promise<void>((resolve) => void clock.schedule(interval, resolve));
  }
}

/** Whether a process of this machine lives. */
export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
