import { formatDuration } from "../../../common/config/parse-value.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { TaskManagerDescription } from "../../../protocol/cluster/resource-messages.ts";
import type { SlotBook } from "./slot-book.ts";
import type { RegisteredTaskManager } from "./slots.ts";

const slotsText = (count: number): string => `${count} slot${count === 1 ? "" : "s"}`;
const nameOf = ({ taskManagerId, host, dataPort }: TaskManagerDescription): string =>
  `TaskManager ${taskManagerId} (${host}:${dataPort})`;

/** Every slot of a TaskManager is gone. */
export const taskManagerLost = (description: TaskManagerDescription, reason: string): MillraceError =>
  new MillraceError("SLOT_LOST", `${nameOf(description)} is lost: ${reason}`, {
    retryable: true,
    details: { taskManagerId: description.taskManagerId },
  });

/** A TaskManager did not do as it was asked. @param timeout ms; undefined: the slot ended before it was open */
export const notOpened = (
  { description }: RegisteredTaskManager,
  count: number,
  timeout?: number,
): MillraceError =>
  new MillraceError(
    "SLOT_LOST",
    timeout === undefined
      ? `${nameOf(description)} ended a slot before it was open`
      : `${nameOf(description)} did not open ${slotsText(count)} within ${formatDuration(timeout)}`,
    { retryable: true, details: { taskManagerId: description.taskManagerId } },
  );

/** Waiting has not helped. @param needed slots that the job waited for, all together @param free those that it could have had */
export function notEnough(jobName: string, needed: number, free: number, book: SlotBook): MillraceError {
  const all = book.slotCount;
  const managers = book.taskManagers.length;
  return new MillraceError(
    "NO_SLOTS",
    `job "${jobName}" waited for ${slotsText(needed)}, and ${free} of the ${all} of ${managers} TaskManager${managers === 1 ? "" : "s"} ${free === 1 ? "was" : "were"} free for it`,
    {
      retryable: true,
      help:
        all < needed
          ? "Start more TaskManagers, or give them more slots (taskmanager.numberOfTaskSlots), or run the job with less parallelism."
          : "Other jobs have the slots: wait for them, cancel one, or start more TaskManagers. slot.request.timeout says how long jobs wait.",
      details: { needed, free, slots: all, taskManagers: managers },
    },
  );
}
