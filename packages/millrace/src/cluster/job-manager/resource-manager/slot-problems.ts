import { formatDuration } from "../../../common/config/parse-value.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { CrossingSlots } from "../../../protocol/cluster/crossing-slots.ts";
import type { TaskManagerDescription } from "../../../protocol/cluster/resource-messages.ts";
import type { SlotBook } from "./slot-book.ts";
import type { RegisteredTaskManager } from "./slots.ts";

const seconds = (ms: number): string => `${Math.floor(ms / 1000)} s`;
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

/** Waiting has not helped. */
export function notEnough(
  { jobName, count }: CrossingSlots,
  free: number,
  book: SlotBook,
  waited: number,
): MillraceError {
  const all = book.slotCount;
  const managers = book.taskManagers.length;
  return new MillraceError(
    "NO_SLOTS",
    `job "${jobName}" needs ${slotsText(count)} and waited ${seconds(waited)} for them: ${free} of the ${all} slots of ${managers} TaskManager${managers === 1 ? "" : "s"} are free`,
    {
      retryable: true,
      help:
        all < count
          ? "Start more TaskManagers, or give them more slots (taskmanager.numberOfTaskSlots), or run the job with less parallelism."
          : "Other jobs have the slots: wait for them, cancel one, or start more TaskManagers. slot.request.timeout says how long jobs wait.",
      details: { needed: count, free, slots: all, taskManagers: managers },
    },
  );
}
