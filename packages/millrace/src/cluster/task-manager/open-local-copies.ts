import { LOCAL_BACKUP, RECOVERY_FROM_LOCAL } from "../../common/config/options.ts";
import type { SlotDeployment } from "../../protocol/control/deployment.ts";
import { LocalCopies } from "../../runtime/checkpoint/local/local-copies.ts";
import type { LocalCopiesOptions, LocalFolders } from "../../runtime/checkpoint/local/local-copies.ts";

/** Whether a job's settings ask for copies of state on the machines that its tasks run on. */
export const wantsLocalCopies = (config: Readonly<Record<string, unknown>>): boolean =>
  (config[LOCAL_BACKUP.key] ?? config[RECOVERY_FROM_LOCAL.key]) === true;

/**
 * The copies that a slot keeps, with those that were kept of what its tasks start from. undefined where the job wants none, its state travels
 * inline, or there is no place for them.
 */
export async function openLocalCopies(
  { config, checkpoints, tasks }: Pick<SlotDeployment, "config" | "checkpoints" | "tasks">,
  folders: LocalFolders | undefined,
  log: LocalCopiesOptions["log"],
): Promise<LocalCopies | undefined> {
  if (!wantsLocalCopies(config) || folders === undefined || checkpoints.location.directory === undefined)
    return undefined;
  const copies = await LocalCopies.open({ folders, log });
  if (config[RECOVERY_FROM_LOCAL.key] !== true) return copies;
  for (const checkpointId of new Set(tasks.flatMap(({ restore }) => restore?.checkpointId ?? [])))
    await copies?.find(checkpointId);
  return copies;
}
