import type { FileSystem, WritableFile } from "../file-system.ts";

/** Lets something happen when its turn comes. */
export type Turn = () => Promise<void>;

/** A file system whose every asynchronous operation waits for its turn: processes that share one are interleaved at each of them. */
export function scheduled(inner: FileSystem, turn: Turn): FileSystem {
  const waiting =
    <A extends readonly unknown[], R>(operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await turn();
      return operation(...args);
    };
  return {
    makeFolder: waiting((path: string) => inner.makeFolder(path)),
    create: waiting(async (path: string): Promise<WritableFile> => {
      const file = await inner.create(path);
      return {
        write: waiting((bytes: Uint8Array) => file.write(bytes)),
        sync: waiting(() => file.sync()),
        close: () => file.close(),
      };
    }),
    link: waiting((existing: string, path: string) => inner.link(existing, path)),
    rename: waiting((from: string, to: string) => inner.rename(from, to)),
    remove: waiting((path: string) => inner.remove(path)),
    removeFolder: waiting((path: string) => inner.removeFolder(path)),
    list: waiting((path: string) => inner.list(path)),
    // Nobody else sees what syncing does.
    syncFile: (path) => inner.syncFile(path),
    syncFolder: (path) => inner.syncFolder(path),
    open: (path) => inner.open(path),
  };
}
