import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { StateHeader } from "../../checkpoint/format/keyed-part.ts";
import { stateMigration } from "../../checkpoint/format/keyed/state-migration.ts";
import type { StateMeta } from "../captured-state.ts";

/**
 * Checks that a restored state can be what its program declares it as today. A time to live may come or go: elements that had no time get
 * that of the restore.
 *
 * @throws RESTORE_REFUSED naming operator and state, what it was and is
 */
export function checkRestoredState(stored: StateHeader, now: StateMeta, where: string): void {
  const migration = stateMigration(stored, now);
  if (migration.kind !== "incompatible") return;
  const { path, reason, from, to } = migration;
  throw new MillraceError(
    "RESTORE_REFUSED",
    `state "${now.name}" of ${where} can't be restored: ${path === "" ? "" : `${path}: `}${reason}`,
    {
      help: `It was written as ${from}, and is ${to} now. Take back the change, or give the state another name: then the old one is carried along unused.`,
      details: { state: now.name, path, from, to },
    },
  );
}
