import { EXECUTION_STATES } from "../../../../graph/execution/execution-state.ts";
import type { ExecutionState } from "../../../../graph/execution/execution-state.ts";
import type { AttemptView } from "../../../../protocol/cluster/job-view.ts";

/** What stands for a time that has not come, in all answers. */
export const NEVER = -1;
/** What Flink writes for a subtask without a slot. */
export const UNASSIGNED = "(unassigned)";

const FINAL = ["FINISHED", "CANCELED", "FAILED"] as const;
const PASSED = ["CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING"] as const;

/** When something began and ended. A type, so that it can be spread into answers. */
export type Span = { "start-time": number; "end-time": number; duration: number };

/** @param end undefined or NEVER while it goes on */
export function span(start: number, end: number | undefined, now: number): Span {
  const ended = end ?? NEVER;
  const duration = start === NEVER ? NEVER : Math.max(0, (ended === NEVER ? now : ended) - start);
  return { "start-time": start, "end-time": ended, duration };
}

/** An attempt begins when it is deployed. */
export const startOf = ({ timestamps }: AttemptView): number => timestamps.DEPLOYING ?? NEVER;

/** When it came into a state that is the last. */
export function endOf({ state, timestamps }: AttemptView): number {
  return FINAL.some((final) => final === state) ? (timestamps[state] ?? NEVER) : NEVER;
}

/** Many attempts as one: from the first that began until the last has ended. */
export function spanOf(attempts: readonly AttemptView[], now: number): Span {
  const starts = attempts.map(startOf).filter((time) => time !== NEVER);
  const ends = attempts.map(endOf);
  const over = ends.length > 0 && !ends.includes(NEVER);
  return span(starts.length === 0 ? NEVER : Math.min(...starts), over ? Math.max(...ends) : NEVER, now);
}

/** When it came into each state; 0 where it never was. */
export const stateTimes = ({ timestamps }: AttemptView): Record<string, number> =>
  Object.fromEntries(EXECUTION_STATES.map((state) => [state, timestamps[state] ?? 0]));

/** How long it was in each state up to RUNNING; NEVER where it was not. */
export function stateDurations(attempt: AttemptView, now: number): Record<string, number> {
  const { timestamps } = attempt;
  const last = endOf(attempt);
  return Object.fromEntries(
    PASSED.map((state, index) => {
      const from = timestamps[state];
      if (from === undefined) return [state, NEVER];
      const next = PASSED.slice(index + 1)
        .map((later) => timestamps[later])
        .find((time) => time !== undefined);
      const until = next ?? timestamps.CANCELING ?? (last === NEVER ? now : last);
      return [state, Math.max(0, until - from)];
    }),
  );
}

/** How many attempts are in each state, those that none is in among them. */
export function stateCounts(attempts: readonly AttemptView[]): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(EXECUTION_STATES.map((state) => [state, 0]));
  for (const { state } of attempts) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** The state of a vertex: the worst of its subtasks'. */
export function vertexState(attempts: readonly AttemptView[]): ExecutionState {
  const states = new Set(attempts.map(({ state }) => state));
  for (const state of ["FAILED", "CANCELING", "CANCELED", "INITIALIZING", "RUNNING"] as const) {
    if (states.has(state)) return state;
  }
  if (states.has("FINISHED")) return states.size === 1 ? "FINISHED" : "RUNNING";
  return "CREATED";
}
