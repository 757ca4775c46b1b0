import type { Duration } from "../../common/time/durations.ts";
import { requireCount, requirePositive } from "../base/options.ts";

/** What becomes of a connection that fails or ends. */
export interface ReconnectOptions {
  /** How often in a row it is tried again before the source fails; default 10. Infinity for ever. */
  readonly attempts?: number | undefined;
  /** ms before the first try; doubled for each one after it. Default 1000. */
  readonly delay?: Duration | undefined;
  /** The longest pause, ms; default 30,000. */
  readonly maxDelay?: Duration | undefined;
}

/** Options with their defaults. */
export type ReconnectPolicy = { readonly [K in keyof ReconnectOptions]-?: number };

/** @throws MillraceError INVALID_OPTION */
export function reconnectPolicy(connector: string, options: ReconnectOptions): ReconnectPolicy {
  const { attempts = 10, delay = 1000, maxDelay = 30_000 } = options;
  if (attempts !== Infinity) requireCount(connector, "reconnect.attempts", attempts, 1);
  requirePositive(connector, "reconnect.delay", delay);
  requirePositive(connector, "reconnect.maxDelay", maxDelay);
  return { attempts, delay, maxDelay };
}

/** The pause before the n-th try in a row, counted from 0, ms. */
export function pauseBefore(attempt: number, policy: ReconnectPolicy): Duration {
  return Math.min(policy.maxDelay, policy.delay * 2 ** Math.min(attempt, 30));
}
