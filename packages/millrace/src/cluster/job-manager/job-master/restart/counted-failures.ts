import type { Clock } from "../../../../common/clock/clock.ts";
import type { CountedFailures } from "../../../../protocol/cluster/job-history.ts";
import type { RestartHistory } from "./restart-strategy.ts";

/*
 * Monotonic clocks begin with their thread. What is to outlive a thread has its times in ms since the epoch; a clock that is set in between makes
 * failures look older or newer by so much, and no more.
 */

/** What a restart strategy remembers, for whoever goes on with the job. */
export function countedFailures(
  { attempts, delay, failures }: RestartHistory,
  clock: Clock,
): CountedFailures {
  const difference = clock.now() - clock.monotonic();
  return { attempts, delay, failures: failures.map((at) => Math.round(at + difference)) };
}

/** What a restart strategy goes on from, in this thread. */
export function restartHistory({ attempts, delay, failures }: CountedFailures, clock: Clock): RestartHistory {
  const difference = clock.now() - clock.monotonic();
  return { attempts, delay, failures: failures.map((at) => at - difference) };
}
