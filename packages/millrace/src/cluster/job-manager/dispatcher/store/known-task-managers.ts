import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { EpochFolder } from "./epoch-folder.ts";

/** The TaskManagers of a cluster, as they are left to the next leader: it waits for them a moment before it places jobs. */
export interface KnownTaskManagers {
  /** The ids of those that the last leader had when it ended. */
  readonly former: readonly string[];
  /** These there are now. Never fails: what can't be recorded costs the next leader its knowledge, nothing else. */
  remember(ids: readonly string[]): void;
}

/** Where there is no next leader. */
export const forgetfulTaskManagers: KnownTaskManagers = { former: [], remember: () => {} };

const FILE = "registered.json";

/** In a file of their ids. */
export function knownTaskManagers(folder: EpochFolder): KnownTaskManagers {
  let wanted: readonly string[] | undefined;
  let writing = false;
  const write = async (): Promise<void> => {
    writing = true;
    for (let ids = wanted; ids !== undefined; ids = wanted) {
      wanted = undefined;
      await folder.write(FILE, Buffer.from(JSON.stringify(ids))).catch(() => {});
    }
    writing = false;
  };
  return {
    former: folder.names.includes(FILE) ? idsIn(folder.read(FILE)) : [],
    remember(ids) {
      wanted = ids;
      if (!writing) void write();
    },
  };
}

function idsIn(bytes: Uint8Array): readonly string[] {
  try {
    const ids: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (!Array.isArray(ids)) throw new MillraceError("CODEC_CORRUPT", "expected a list");
    return ids.filter((id) => typeof id === "string");
  } catch {
    return [];
  }
}
