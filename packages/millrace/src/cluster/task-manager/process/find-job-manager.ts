import type { Config } from "../../../common/config/configuration.ts";
import type { FileSystem } from "../../../runtime/checkpoint/storage/file-system.ts";
import { namesIn } from "../../../runtime/checkpoint/storage/folders.ts";
import { EPOCH_FILE, highest, readLeader } from "../../job-manager/dispatcher/store/leader-file.ts";
import { sharedFolder } from "../../job-manager/process/store-folder.ts";

/** Where a JobManager may be. */
export interface JobManagerPlace {
  readonly host: string;
  readonly port: number;
}

/**
 * Where the JobManager may be, the likeliest first: with high availability where the one that leads says that it is, for one of several may lead;
 * then where the settings say. Never throws: who can't read the folder relies on the settings.
 */
export async function jobManagerPlaces(
  settings: Config,
  configured: JobManagerPlace,
  fileSystem: FileSystem,
): Promise<readonly JobManagerPlace[]> {
  try {
    const folder = sharedFolder(settings);
    if (folder === undefined) return [configured];
    const epoch = highest(await namesIn(fileSystem, folder), EPOCH_FILE);
    const { host, port } = readLeader(fileSystem, folder, epoch)?.rpc ?? {};
    const known = typeof host === "string" && typeof port === "number";
    return known && (host !== configured.host || port !== configured.port)
      ? [{ host, port }, configured]
      : [configured];
  } catch {
    return [configured];
  }
}
