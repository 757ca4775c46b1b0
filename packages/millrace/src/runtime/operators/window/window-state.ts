import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Window } from "../../../common/windows/window.ts";
import type { ResultSource } from "./window-results.ts";

/**
 * What a key-first window operator keeps of the records of the current key and a window: their reduced or aggregated value, or
 * all of them. All calls refer to the window that was selected.
 */
export interface WindowState extends ResultSource {
  /** Selects the window's namespace in state. `window` is the one that user functions see, which may have merged. */
  select(namespace: string, window: Window): void;
  add(value: unknown, timestamp: Timestamp): void;
  /** What is emitted or given to the window's function; undefined where there is nothing. */
  result(): unknown;
  /** The result has been emitted. */
  emitted(): void;
  clear(): void;
  /** Moves the contents of `sources` into `target`. */
  merge(target: string, sources: readonly string[]): void;
}
