import type { Parallelisms } from "./decide-parallelism.ts";
import type { SchedulerSettings } from "./scheduler-settings.ts";

/**
 * When a running adaptive job is rescaled because there are more slots: once their number has been the same for a while, and some time
 * after the last start. A monotonic time, ms; undefined: not for this. Pure.
 */
export function growthAt(
  {
    minIncrease,
    stabilization,
    cooldown,
  }: Pick<SchedulerSettings, "minIncrease" | "stabilization" | "cooldown">,
  now: Parallelisms,
  possible: Parallelisms,
  at: { readonly changedAt: number; readonly startedAt: number },
): number | undefined {
  const increases = Object.keys(possible).map((id) => (possible[id] ?? 0) - (now[id] ?? 0));
  // Slots that are lost tell of themselves by their tasks; until then nothing needs to shrink.
  if (increases.some((increase) => increase < 0) || Math.max(...increases) < minIncrease) return undefined;
  return Math.max(at.changedAt + stabilization, at.startedAt + cooldown);
}
