import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { OpenSlots } from "../../../protocol/cluster/resource-messages.ts";

/** A slot that is taken. */
export interface TakenSlot {
  readonly allocation: number;
  readonly slotId: string;
  readonly jobId: JobId;
}

/**
 * Looks whether a request for slots can be met.
 *
 * @throws PROTOCOL_VIOLATION for a request that makes no sense, CONFLICT where its slots are taken, or where jobs have processes of their own
 */
export function checkSlotsOrder(
  { orders, token, slotCount }: OpenSlots,
  limits: { readonly slots: number; readonly exclusiveJobs: boolean },
  taken: readonly TakenSlot[],
): void {
  const numbers = new Set(orders.map(({ slot }) => slot));
  const allocations = new Set(orders.map(({ allocation }) => allocation));
  const ids = new Set(orders.map(({ slotId }) => slotId as string));
  const inRange = [...numbers].every((slot) => Number.isInteger(slot) && slot >= 0 && slot < slotCount);
  const sound = [numbers, allocations, ids].every(({ size }) => size === orders.length);
  if (orders.length === 0 || !inRange || !sound)
    throw new MillraceError(
      "PROTOCOL_VIOLATION",
      "expected slots, each with a number and an allocation of its own",
    );
  const twice = taken.find((slot) => allocations.has(slot.allocation) || ids.has(slot.slotId));
  if (twice !== undefined || taken.length + orders.length > limits.slots) {
    throw new MillraceError(
      "CONFLICT",
      twice === undefined
        ? `${orders.length} slots were asked for, and ${limits.slots - taken.length} of ${limits.slots} are free`
        : `slot ${twice.slotId} is taken by job ${twice.jobId}`,
      { retryable: true },
    );
  }
  const other = limits.exclusiveJobs ? taken.find(({ jobId }) => jobId !== token.jobId) : undefined;
  if (other !== undefined) {
    throw new MillraceError(
      "CONFLICT",
      `this TaskManager runs one job at a time (taskmanager.exclusive-jobs), and that is ${other.jobId} now`,
      { retryable: true },
    );
  }
}
