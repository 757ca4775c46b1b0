import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  HIGH_AVAILABILITY,
  HIGH_AVAILABILITY_CLUSTER,
  HIGH_AVAILABILITY_DIR,
  TEMPORARY_DIRECTORIES,
} from "../../../common/config/cluster-options.ts";
import { configValue, type Config } from "../../../common/config/configuration.ts";
import { makeJobFolder, removeJobFolder, removeLeftOverFolders } from "../../artifact/job-folder.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { WEB_UPLOAD_DIR } from "../../../common/config/job-manager-options.ts";
import { absoluteFolder } from "../../../runtime/checkpoint/storage/folders.ts";

/** Where a JobManager keeps what it must keep. */
export interface StoreFolder {
  readonly folder: string;
  /** Whether the next JobManager finds it there. */
  readonly durable: boolean;
  /** For uploads on their way: this process's own. */
  readonly uploads: string;
  /** Removes what is this process's own. */
  remove(): Promise<void>;
}

/** @throws INVALID_OPTION for high availability without a folder, or a cluster's name that can't be one's */
export async function storeFolder(settings: Config): Promise<StoreFolder> {
  const temporary = (configValue(settings, TEMPORARY_DIRECTORIES) ?? tmpdir()).split(",")[0] as string;
  const parent = absoluteFolder(configValue(settings, WEB_UPLOAD_DIR) ?? temporary.trim());
  const shared = sharedFolder(settings);
  await mkdir(parent, { recursive: true });
  // What JobManagers have left that were killed. Not from a folder that was named: machines may share it.
  if (configValue(settings, WEB_UPLOAD_DIR) === undefined) void removeLeftOverFolders(parent);
  const own = await makeJobFolder(parent);
  return {
    folder: shared ?? join(own, "store"),
    durable: shared !== undefined,
    uploads: join(own, "uploads"),
    remove: () => removeJobFolder(own),
  };
}

/** The folder that one JobManager leaves to the next; undefined without high availability. @throws as `storeFolder` */
export function sharedFolder(settings: Config): string | undefined {
  if (configValue(settings, HIGH_AVAILABILITY) !== "filesystem") return undefined;
  const directory = configValue(settings, HIGH_AVAILABILITY_DIR);
  const cluster = configValue(settings, HIGH_AVAILABILITY_CLUSTER) as string;
  if (directory === undefined) {
    throw new MillraceError(
      "INVALID_OPTION",
      `${HIGH_AVAILABILITY.key} filesystem needs ${HIGH_AVAILABILITY_DIR.key}: the folder that one JobManager leaves to the next`,
      { details: { option: HIGH_AVAILABILITY_DIR.key } },
    );
  }
  if (!/^[\w.-]{1,100}$/u.test(cluster) || /^\.+$/u.test(cluster)) {
    throw new MillraceError(
      "INVALID_OPTION",
      `option ${HIGH_AVAILABILITY_CLUSTER.key} must be letters, digits, dots, dashes and underscores; got ${cluster}`,
      { details: { option: HIGH_AVAILABILITY_CLUSTER.key } },
    );
  }
  return join(absoluteFolder(directory), cluster);
}
