import { MillraceError } from "../../../common/errors/millrace-error.ts";
import { preview } from "../../../common/errors/preview.ts";
import {
  CLUSTER_VERSION,
  type FromTaskManager,
  type TaskManagerDescription,
} from "../../../protocol/cluster/resource-messages.ts";

/** More than any machine has: a number beyond it is a mistake, and would be allocated for. */
const MAX_SLOTS = 4096;
/** Ids stand in URLs and in names of files. */
const ID = /^[\w.:-]{1,200}$/u;
/** A name or an address, which others connect to, and which stands in logs and messages. */
const HOST = /^[^\s\p{C}/]{1,255}$/u;

/**
 * Looks whether a TaskManager may join.
 *
 * @throws VERSION_MISMATCH, PROTOCOL_VIOLATION for a description that can't be right
 */
export function checkRegistration(
  message: Extract<FromTaskManager, { type: "register" }>,
  engineVersion: string,
): TaskManagerDescription {
  const { version, description } = message as { version: unknown; description: unknown };
  const theirs = (description as Partial<TaskManagerDescription> | undefined)?.engineVersion;
  if (version !== CLUSTER_VERSION || theirs !== engineVersion) {
    throw new MillraceError(
      "VERSION_MISMATCH",
      `the JobManager runs ${engineVersion}, protocol ${CLUSTER_VERSION}; the TaskManager ${preview(theirs)}, protocol ${preview(version)}`,
      { help: "Run the same version of millrace in all processes of a cluster." },
    );
  }
  if (isDescription(description)) return description;
  throw new MillraceError("PROTOCOL_VIOLATION", `a TaskManager describes itself as ${preview(description)}`);
}

function isDescription(value: unknown): value is TaskManagerDescription {
  const { taskManagerId, host, dataPort, slots, hardware, pid, startedAt } = value as TaskManagerDescription;
  return (
    typeof taskManagerId === "string" &&
    ID.test(taskManagerId) &&
    typeof host === "string" &&
    HOST.test(host) &&
    within(dataPort, 1, 65_535) &&
    within(slots, 1, MAX_SLOTS) &&
    typeof hardware === "object" &&
    hardware !== null &&
    Number.isFinite(hardware.networkMemory) &&
    within(pid, 0, Number.MAX_SAFE_INTEGER) &&
    Number.isFinite(startedAt)
  );
}

const within = (value: unknown, min: number, max: number): boolean =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
