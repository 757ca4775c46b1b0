import type { Parallelisms } from "./decide-parallelism.ts";
import type { SchedulerSettings } from "./scheduler-settings.ts";

/** What is known when an adaptive job is to start, or to start again. Times monotonic, ms. */
export interface StartSituation {
  /** What the slots that there are suffice for; undefined: not for the least. */
  readonly possible: Parallelisms | undefined;
  /** Whether more slots would change nothing. */
  readonly complete: boolean;
  /** Whether it has run before: then it goes on with what there is. */
  readonly started: boolean;
  readonly waitingSince: number;
  /** When the number of slots changed last. */
  readonly changedAt: number;
}

/** What is to be done. */
export type StartDecision =
  | { readonly kind: "start"; readonly parallelism: Parallelisms }
  /** Look again then; undefined: when something changes. */
  | { readonly kind: "wait"; readonly until: number | undefined }
  | { readonly kind: "fail" };

/** Decides whether an adaptive job starts now. Pure. */
export function decideStart(
  { stabilization, waitTimeout }: Pick<SchedulerSettings, "stabilization" | "waitTimeout">,
  situation: StartSituation,
  now: number,
): StartDecision {
  const { possible, complete, started, waitingSince, changedAt } = situation;
  if (possible === undefined) {
    if (waitTimeout === 0) return { kind: "wait", until: undefined };
    const until = waitingSince + waitTimeout;
    return now >= until ? { kind: "fail" } : { kind: "wait", until };
  }
  const stable = Math.max(waitingSince, changedAt) + stabilization;
  if (complete || started || now >= stable) return { kind: "start", parallelism: possible };
  return { kind: "wait", until: stable };
}
