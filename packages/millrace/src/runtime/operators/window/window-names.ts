import { timeWindow, GLOBAL_WINDOW, windowKey, type Window } from "../../../common/windows/window.ts";

/** The window that a `windowKey` names: what timers give back. */
export function windowOfKey(key: string): Window {
  const colon = key.indexOf(":");
  if (colon < 0) return GLOBAL_WINDOW;
  return timeWindow(Number(key.slice(0, colon)), Number(key.slice(colon + 1)));
}

/** Makes `windowKey`s, remembering the last one: neighbouring records mostly fall into the same window. */
export class WindowNames {
  #start = Number.NaN;
  #end = Number.NaN;
  #key = "";

  of(window: Window): string {
    if (window.kind === "global") return windowKey(window);
    if (window.start === this.#start && window.end === this.#end) return this.#key;
    this.#start = window.start;
    this.#end = window.end;
    return (this.#key = windowKey(window));
  }
}
