import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { LogFile } from "../../protocol/cluster/resource-messages.ts";

/** The most bytes of a log that one answer has. */
export const MAX_LOG_BYTES = 8 * 1024 * 1024;

/** The files of one process in a folder of logs. */
export interface LogFiles {
  list(): Promise<readonly LogFile[]>;
  /** Up to `bytes` from `offset`; from the end where it is negative. @throws NOT_FOUND for all that `list` does not name */
  read(name: string, offset: number, bytes: number): Promise<Uint8Array>;
}

/** @param base how the names of the process's files begin: "millrace-taskmanager-tm1" */
export function logFiles(folder: string, base: string): LogFiles {
  const isOwn = (name: string): boolean => name.startsWith(`${base}.`);
  return {
    async list() {
      const names = (await readdir(folder)).filter(isOwn).sort();
      const files = await Promise.all(
        names.map(async (name) => {
          const stat = await lstat(join(folder, name)).catch(() => undefined);
          return stat?.isFile() === true ? { name, bytes: stat.size, modifiedAt: stat.mtimeMs } : undefined;
        }),
      );
      return files.filter((file) => file !== undefined);
    },
    async read(name, offset, bytes) {
      // Only what is there is opened: no name leads out of the folder, and none through a link.
      const known = await this.list();
      if (!known.some((file) => file.name === name)) throw unknown(name, known);
      const file = await open(join(folder, name));
      try {
        const { size } = await file.stat();
        const start = Math.min(size, Math.max(0, offset < 0 ? size + offset : offset));
        const buffer = new Uint8Array(Math.max(0, Math.min(bytes, MAX_LOG_BYTES, size - start)));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}

const unknown = (name: string, known: readonly LogFile[]): MillraceError =>
  new MillraceError(
    "NOT_FOUND",
    `there is no log ${JSON.stringify(name)}; there are ${known.map((file) => file.name).join(", ")}`,
  );
