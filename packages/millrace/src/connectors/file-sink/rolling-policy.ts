import type { Duration } from "../../common/time/durations.ts";
import { requirePositive } from "../base/options.ts";

/** When a part file is complete and the next one begins. */
export interface RollingOptions {
  /** Bytes of records (before compression); default 128 MiB. */
  readonly maxSize?: number | undefined;
  /** ms since the part's first record; default 60 s. */
  readonly maxAge?: Duration | undefined;
  /** ms since the part's last record; default 60 s. */
  readonly inactivity?: Duration | undefined;
}

/** Options with their defaults. */
export interface RollingPolicy {
  readonly maxSize: number;
  readonly maxAge: Duration;
  readonly inactivity: Duration;
}

/** @throws MillraceError INVALID_OPTION */
export function rollingPolicy(connector: string, options: RollingOptions = {}): RollingPolicy {
  const { maxSize = 128 * 1024 * 1024, maxAge = 60_000, inactivity = 60_000 } = options;
  for (const [name, value] of Object.entries({ maxSize, maxAge, inactivity })) {
    // Infinity switches a rule off.
    if (value !== Infinity) requirePositive(connector, `rolling.${name}`, value);
  }
  return { maxSize, maxAge, inactivity };
}

/** Whether a part's time is over. */
export function isOld(
  part: { readonly createdAt: number; readonly writtenAt: number },
  policy: RollingPolicy,
  now: number,
): boolean {
  return now - part.createdAt >= policy.maxAge || now - part.writtenAt >= policy.inactivity;
}
