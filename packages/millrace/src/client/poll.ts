import type { Clock } from "../common/clock/clock.ts";
import { MillraceError } from "../common/errors/millrace-error.ts";
import { pause } from "./pause.ts";

/** How something is asked for again and again. Times in ms. */
export interface PollOptions {
  readonly signal?: AbortSignal | undefined;
  /** The first pause, which grows by half each time. Default: 50. */
  readonly first?: number;
  /** The longest pause. Default: 1000. */
  readonly longest?: number;
  /** How long nobody may answer: a JobManager that is started again needs its time. Default: 60 s. */
  readonly patience?: number | (() => number);
  /** Nobody answers, for the first time, or the first time again. */
  readonly onSilent?: (error: MillraceError) => void;
}

/**
 * Asks until there is an answer.
 *
 * @param ask undefined: not yet
 * @throws what `ask` throws; of CLUSTER_UNREACHABLE and NO JobManager at work, after `patience`
 */
export async function poll<T>(
  clock: Clock,
  ask: () => Promise<T | undefined>,
  { signal, first = 50, longest = 1000, patience = 60_000, onSilent }: PollOptions = {},
): Promise<T> {
  let silentSince: number | undefined;
  for (let delay = first; ; delay = Math.min(longest, delay * 1.5)) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      silentSince = undefined;
    } catch (error) {
      if (!MillraceError.is(error) || !error.retryable) throw error;
      const now = clock.monotonic();
      const begins = silentSince === undefined;
      silentSince ??= now;
      const allowed = typeof patience === "number" ? patience : patience();
      if (now - silentSince >= allowed) throw error;
      if (begins) onSilent?.(error);
    }
    await pause(clock, delay, signal);
  }
}
