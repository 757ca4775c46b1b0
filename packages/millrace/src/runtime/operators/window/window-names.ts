import { timeWindow, GLOBAL_WINDOW, windowKey, type Window } from "../../../common/windows/window.ts";

/** The window that a `windowKey` names: what timers give back. */
export function windowOfKey(key: string): Window {
  const colon = key.indexOf(":");
  if (colon < 0) return GLOBAL_WINDOW;
  return timeWindow(Number(key.slice(0, colon)), Number(key.slice(colon + 1)));
}

/** How many names are kept. A power of two. */
const KEPT = 64;

/**
 * Makes `windowKey`s, and keeps the last ones: many keys have the same few windows. The same string is given again, which
 * state and timers find faster than an equal one.
 */
export class WindowNames {
  readonly #starts = new Float64Array(KEPT).fill(Number.NaN);
  readonly #ends = new Float64Array(KEPT);
  readonly #names: string[] = Array.from({ length: KEPT }, () => "");

  of(window: Window): string {
    if (window.kind === "global") return windowKey(window);
    const { start, end } = window;
    const slot = slotOf(start, end);
    if (this.#starts[slot] === start && this.#ends[slot] === end) return this.#names[slot]!;
    this.#starts[slot] = start;
    this.#ends[slot] = end;
    return (this.#names[slot] = windowKey(window));
  }
}

/** Windows mostly follow each other in steps: the product spreads them over the slots. */
function slotOf(start: number, end: number): number {
  return Math.imul((start + end) | 0, 0x9e37_79b1) >>> 26;
}
