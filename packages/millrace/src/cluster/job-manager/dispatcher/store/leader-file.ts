import { join } from "node:path";
import type { FileSystem } from "../../../../runtime/checkpoint/storage/file-system.ts";

/** Who leads: for messages, for TaskManagers that look for it, and for those who stand by. */
export interface Leader {
  readonly host: string;
  readonly pid: number;
  /** ms since the epoch. */
  readonly startedAt: number;
  /** Where TaskManagers reach it. */
  readonly rpc?: { readonly host: string; readonly port: number } | undefined;
}

export const EPOCH_FILE = /^epoch-(\d{1,15})$/u;
/** By which a leader says that it lives; its content changes each time. */
export const BEAT_FILE = /^beat-(\d{1,15})$/u;
const MAX_BYTES = 4096;

/** The highest number that a file of this pattern has; 0: there is none. */
export const highest = (names: readonly string[], pattern: RegExp): number =>
  Math.max(0, ...names.map((name) => Number(pattern.exec(name)?.[1] ?? 0)));

/** Who has this epoch; undefined where that can't be read. */
export function readLeader(
  fileSystem: FileSystem,
  folder: string,
  epoch: number,
): Partial<Leader> | undefined {
  const text = readSmallFile(fileSystem, join(folder, `epoch-${epoch}`));
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Partial<Leader>);
  } catch {
    return undefined;
  }
}

/** What a leader said last to show that it lives; undefined: nothing, or it has ended in order. */
export const readBeat = (fileSystem: FileSystem, folder: string, epoch: number): string | undefined =>
  readSmallFile(fileSystem, join(folder, `beat-${epoch}`));

function readSmallFile(fileSystem: FileSystem, path: string): string | undefined {
  try {
    const file = fileSystem.open(path);
    try {
      const bytes = Buffer.alloc(Math.min(MAX_BYTES, file.length));
      return bytes.toString("utf8", 0, file.read(bytes, 0));
    } finally {
      file.close();
    }
  } catch {
    return undefined;
  }
}
