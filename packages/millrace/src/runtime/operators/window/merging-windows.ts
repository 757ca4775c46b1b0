import type { ValueState } from "../../../common/state/state.ts";
import { timeWindow, type TimeWindow } from "../../../common/windows/window.ts";

/** Numbers for each window: its start and end, and those of the window under whose name its contents are kept. */
const WIDTH = 4;

/** Where a window goes among those of its key. */
export interface Placement {
  /** The window that holds the records from now on: the one to place, joined with those that it meets. */
  readonly window: TimeWindow;
  /** The window under whose name its contents are kept. */
  readonly stateWindow: TimeWindow;
  /** The windows that were there and become this one; empty where the window is new, or there already as it is. */
  readonly merged: readonly TimeWindow[];
  /** The windows under whose names contents are kept that must move to `stateWindow`. */
  readonly mergedStates: readonly TimeWindow[];
  /** The set with it; undefined where that is what it is already. */
  readonly next: number[] | undefined;
}

/**
 * The windows of the current key where windows merge (sessions). Windows that overlap or touch become one, and its contents
 * stay where those of one of its parts are, so that a window that merely grows moves nothing. The set is state of the key:
 * `place` only looks, `commit` writes.
 */
export class MergingWindows {
  readonly #state: ValueState<number[]>;

  constructor(state: ValueState<number[]>) {
    this.#state = state;
  }

  /** The window that keeps the contents of `window`; undefined where it is not in the set (any more). */
  stateWindow(window: TimeWindow): TimeWindow | undefined {
    const set = this.#state.value();
    if (set === undefined) return undefined;
    for (let i = 0; i < set.length; i += WIDTH) {
      if (set[i] === window.start && set[i + 1] === window.end) return stateWindowAt(set, i);
    }
    return undefined;
  }

  place(window: TimeWindow): Placement {
    const set = this.#state.value() ?? [];
    let { start, end } = window;
    const merged: TimeWindow[] = [];
    const states: TimeWindow[] = [];
    const next: number[] = [];
    for (let i = 0; i < set.length; i += WIDTH) {
      const from = set[i]!;
      const to = set[i + 1]!;
      if (from <= window.end && to >= window.start) {
        merged.push(timeWindow(from, to));
        states.push(stateWindowAt(set, i));
        start = Math.min(start, from);
        end = Math.max(end, to);
      } else {
        next.push(from, to, set[i + 2]!, set[i + 3]!);
      }
    }
    const result = timeWindow(start, end);
    const stateWindow = states[0] ?? result;
    next.push(start, end, stateWindow.start, stateWindow.end);
    const there = merged.length === 1 && merged[0]!.start === start && merged[0]!.end === end;
    if (there) return { window: result, stateWindow, merged: [], mergedStates: [], next: undefined };
    return { window: result, stateWindow, merged, mergedStates: states.slice(1), next };
  }

  commit(placement: Placement): void {
    if (placement.next !== undefined) this.#state.update(placement.next);
  }

  /** Takes a window out of the set. */
  retire(window: TimeWindow): void {
    const set = this.#state.value() ?? [];
    const next: number[] = [];
    for (let i = 0; i < set.length; i += WIDTH) {
      if (set[i] === window.start && set[i + 1] === window.end) continue;
      next.push(set[i]!, set[i + 1]!, set[i + 2]!, set[i + 3]!);
    }
    if (next.length === 0) this.#state.clear();
    else this.#state.update(next);
  }
}

function stateWindowAt(set: readonly number[], i: number): TimeWindow {
  return timeWindow(set[i + 2]!, set[i + 3]!);
}
