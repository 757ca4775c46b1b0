import type { StoredOperatorState } from "../checkpoint/format/operator-state.ts";
import type { OperatorStateMode } from "./operator-capture.ts";

/** Some elements of what one former subtask had of a state. */
export interface StateSlice {
  readonly state: StoredOperatorState;
  /** Elements [start, end). */
  readonly start: number;
  readonly end: number;
}

/** What one subtask gets of a state. */
export interface StateShare {
  readonly mode: OperatorStateMode;
  readonly slices: readonly StateSlice[];
}

/**
 * What one of `parallelism` subtasks gets of the operator state that the former ones had (correctness rule 16), by the states' names. Lists
 * stay where they were as long as there are as many subtasks, and are split evenly in contiguous runs otherwise; union lists go whole to
 * everybody; broadcast state goes to everybody, from the first that has it.
 *
 * @param parts of all former subtasks, in their order
 */
export function operatorShares(
  parts: readonly (readonly StoredOperatorState[])[],
  subtask: number,
  parallelism: number,
): ReadonlyMap<string, StateShare> {
  const names = new Map<string, OperatorStateMode>();
  for (const { header, mode } of parts.flat()) if (!names.has(header.name)) names.set(header.name, mode);
  const shares = new Map<string, StateShare>();
  for (const [name, mode] of names) {
    const of = parts.map((part) => part.filter(({ header }) => header.name === name));
    shares.set(name, { mode, slices: slicesOf(mode, of, subtask, parallelism) });
  }
  return shares;
}

function slicesOf(
  mode: OperatorStateMode,
  parts: readonly (readonly StoredOperatorState[])[],
  subtask: number,
  parallelism: number,
): readonly StateSlice[] {
  switch (mode) {
    case "split":
      return parts.length === parallelism
        ? (parts[subtask] ?? []).map(whole)
        : evenly(parts.flat(), subtask, parallelism);
    case "union":
      return parts.flat().map(whole);
    case "broadcast":
      return (parts.find((part) => part.length > 0) ?? []).map(whole);
  }
}

/** What a subtask writes of a share that nobody has asked for: every element is to be written by one of them. */
export function unclaimedSlices(
  { mode, slices }: StateShare,
  subtask: number,
  parallelism: number,
): readonly StateSlice[] {
  if (mode !== "union") return slices;
  const states = slices.map(({ state }) => state);
  return evenly(states, subtask, parallelism);
}

const whole = (state: StoredOperatorState): StateSlice => ({ state, start: 0, end: state.count });

/** One of `parallelism` runs of all elements, as equal as can be. */
function evenly(states: readonly StoredOperatorState[], subtask: number, parallelism: number): StateSlice[] {
  const total = states.reduce((sum, { count }) => sum + count, 0);
  const from = Math.floor((subtask * total) / parallelism);
  const to = Math.floor(((subtask + 1) * total) / parallelism);
  const slices: StateSlice[] = [];
  let position = 0;
  for (const state of states) {
    const start = Math.max(from - position, 0);
    const end = Math.min(to - position, state.count);
    if (start < end) slices.push({ state, start, end });
    position += state.count;
  }
  return slices;
}
