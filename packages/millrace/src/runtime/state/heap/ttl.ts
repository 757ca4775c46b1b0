import type { StateTtl } from "../../../common/state/state.ts";
import type { Duration } from "../../../common/time/durations.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";

/** How many entries each access looks at to clean up in passing, unless told otherwise. */
const CLEANUP_PER_ACCESS = 5;

/** A value under a time to live. Immutable but for what `value` holds: a new time makes a new cell. */
export class TtlCell {
  readonly value: unknown;
  /** Of the last write, or read where reading counts. */
  readonly time: Timestamp;

  constructor(value: unknown, time: Timestamp) {
    this.value = value;
    this.time = time;
  }
}

/** A time to live with its defaults filled in. */
export interface TtlPolicy {
  readonly ttl: Duration;
  readonly touchOnRead: boolean;
  /** Whether what is past its time may be handed out while it is still there. */
  readonly returnExpired: boolean;
  readonly cleanupPerAccess: number;
}

export function ttlPolicy(ttl: StateTtl): TtlPolicy {
  return {
    ttl: ttl.ttl,
    touchOnRead: ttl.update === "onReadAndWrite",
    returnExpired: ttl.visibility === "returnExpiredIfNotCleanedUp",
    cleanupPerAccess: ttl.cleanupPerAccess ?? CLEANUP_PER_ACCESS,
  };
}

/** Whether a cell is past its time. */
export function isExpired(cell: TtlCell, policy: TtlPolicy, now: Timestamp): boolean {
  return cell.time + policy.ttl <= now;
}
