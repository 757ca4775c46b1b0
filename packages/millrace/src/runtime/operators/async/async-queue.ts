import type { AsyncControl, AsyncEntry } from "./async-entry.ts";

/**
 * Records underway and the watermarks between them, in the order in which they may leave.
 *
 * The caller `push`es each record once, tells of each that has its outcome once by `complete`, and takes what `head` shows by
 * `shift`.
 */
export interface AsyncQueue {
  /** Records in the queue. */
  readonly size: number;
  push(entry: AsyncEntry): void;
  pushControl(control: AsyncControl): void;
  complete(entry: AsyncEntry): void;
  /** What may leave now, or undefined. */
  head(): AsyncEntry | AsyncControl | undefined;
  /** Takes the head out. */
  shift(): void;
  /** Whether neither records nor controls are left. */
  readonly empty: boolean;
  /** All records, in the order they came. */
  entries(): readonly AsyncEntry[];
}
