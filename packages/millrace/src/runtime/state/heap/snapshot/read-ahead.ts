import { TtlCell } from "../ttl.ts";

/** How many entries are read ahead. */
export const READ_AHEAD = 32;

/**
 * Touches what is about to be read. Entries of a key group stand far apart: read one by one, with their encoding in between, each waits for
 * memory; read in a row, they wait together. Saves a third of the time of a snapshot of a million small values.
 */
export class ReadAhead {
  readonly #values: unknown[] = Array.from({ length: READ_AHEAD }, () => undefined);
  /** Makes the reads count, so that they are not optimized away. */
  touched = 0;

  /** Touches keys and values at the positions [from, from + READ_AHEAD) of `at`, less `base`. */
  touch(
    keys: readonly unknown[],
    values: readonly unknown[],
    at: Int32Array,
    from: number,
    base: number,
  ): void {
    const end = Math.min(at.length, from + READ_AHEAD);
    let touched = 0;
    for (let i = from; i < end; i++) {
      const position = at[i]! - base;
      this.#values[i - from] = values[position];
      if (keys[position] === undefined) touched++;
    }
    // Asking for the kind of an object reads its head.
    for (let i = end - from - 1; i >= 0; i--) if (this.#values[i] instanceof TtlCell) touched++;
    this.touched += touched;
  }
}
