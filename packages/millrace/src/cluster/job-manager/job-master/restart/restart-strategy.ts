import { unreachable } from "../../../../common/errors/unreachable.ts";

/** Whether and when a failed job, or part of it, starts again. Times in ms. */
export type RestartStrategy =
  | { readonly kind: "none" }
  | { readonly kind: "fixed-delay"; readonly attempts: number; readonly delay: number }
  | {
      readonly kind: "exponential-delay";
      readonly initial: number;
      readonly max: number;
      readonly multiplier: number;
      /** After so long without a failure, delays and attempts begin anew. */
      readonly reset: number;
      /** Part of itself by which a delay varies. */
      readonly jitter: number;
      readonly attempts: number;
    }
  | {
      readonly kind: "failure-rate";
      readonly max: number;
      readonly interval: number;
      readonly delay: number;
    };

/** What a strategy remembers of earlier failures. */
export interface RestartHistory {
  /** Restarts since delays began anew. */
  readonly attempts: number;
  /** The delay before the last restart, without jitter; undefined before the first. */
  readonly delay: number | undefined;
  /** When the failures that still count happened, oldest first. */
  readonly failures: readonly number[];
}

/** What is to be done about a failure. */
export type RestartDecision =
  | { readonly kind: "restart"; readonly delay: number; readonly history: RestartHistory }
  /** `reason` completes "the job is not started again: ". */
  | { readonly kind: "fail"; readonly reason: string };

/** Before the first failure. */
export const NO_FAILURES: RestartHistory = Object.freeze({ attempts: 0, delay: undefined, failures: [] });

/**
 * Decides about one failure. Pure.
 *
 * @param now of the failure, ms; @param chance uniform in [0, 1), for jitter
 */
export function decideRestart(
  strategy: RestartStrategy,
  history: RestartHistory,
  now: number,
  chance: number,
): RestartDecision {
  switch (strategy.kind) {
    case "none":
      return { kind: "fail", reason: "its restart strategy is none" };
    case "fixed-delay": {
      if (history.attempts >= strategy.attempts) return exhausted(history.attempts, "fixed-delay.attempts");
      return restart(history.attempts + 1, strategy.delay, strategy.delay, []);
    }
    case "exponential-delay": {
      const last = history.failures.at(-1);
      const quiet = last === undefined ? 0 : now - last - (history.delay ?? 0);
      const fresh = quiet >= strategy.reset;
      const attempts = fresh ? 0 : history.attempts;
      if (attempts >= strategy.attempts)
        return exhausted(attempts, "exponential-delay.attempts-before-reset-backoff");
      const before = fresh ? undefined : history.delay;
      const delay =
        before === undefined
          ? Math.min(strategy.initial, strategy.max)
          : Math.min(before * strategy.multiplier, strategy.max);
      const jitter = delay * strategy.jitter * (2 * chance - 1);
      return restart(attempts + 1, delay, Math.max(0, Math.round(delay + jitter)), [now]);
    }
    case "failure-rate": {
      const failures = [...history.failures.filter((at) => at > now - strategy.interval), now];
      if (failures.length > strategy.max) {
        return {
          kind: "fail",
          reason: `${failures.length} failures within ${strategy.interval} ms, restart-strategy.failure-rate.max-failures-per-interval allows ${strategy.max}`,
        };
      }
      return restart(history.attempts + 1, strategy.delay, strategy.delay, failures);
    }
    default:
      return unreachable(strategy, "restart strategy");
  }
}

function restart(
  attempts: number,
  delay: number,
  jittered: number,
  failures: readonly number[],
): RestartDecision {
  return { kind: "restart", delay: jittered, history: { attempts, delay, failures } };
}

function exhausted(attempts: number, option: string): RestartDecision {
  return {
    kind: "fail",
    reason: `it was started again ${attempts} ${attempts === 1 ? "time" : "times"}, as often as restart-strategy.${option} allows`,
  };
}
