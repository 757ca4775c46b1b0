import type { ReaderOutput } from "../../common/connector/source.ts";

/**
 * Records of one split, fetched and waiting to be emitted. May be left between two records and resumed.
 *
 * The reader calls `emit` on the task's thread, and `position` between two `emit`s only. A batch that can't go on for now
 * (a rate limit) answers 0 without being done, and wakes the reader itself when it can.
 *
 * @typeParam T records, @typeParam S splits
 */
export interface SplitBatch<T, S> {
  /**
   * Emits records until `limit` were emitted, `output.blocked` is true (looked at before each record), or none is left.
   * The number emitted; malformed ones count, too.
   */
  emit(output: ReaderOutput<T>, limit: number): number;
  /** Whether every record was emitted. */
  readonly done: boolean;
  /** The split such that reading it from there gives exactly the records not emitted yet. */
  position(): S;
}

/**
 * Fetches the records of one split, piece by piece. Made by a reader when it begins a split, closed by it at the split's end,
 * after a failure, or when the task ends.
 */
export interface SplitFetcher<T, S> {
  /**
   * The next batch, or null at the end of the split; a promise where it must wait. Never called again before its answer came,
   * after null, or after `close`. What it throws, or rejects with, fails the task.
   */
  fetch(): SplitBatch<T, S> | null | Promise<SplitBatch<T, S> | null>;
  /** Frees what the fetcher holds; a `fetch` underway may still answer, and is ignored. Must not throw. */
  close(): void;
}

/**
 * A batch over an array, with a function that makes the position after so many of its records.
 *
 * @example `new ArrayBatch(orders, (taken) => ({ ...split, next: split.next + taken }))`
 */
export class ArrayBatch<T, S> implements SplitBatch<T, S> {
  readonly #values: readonly T[];
  readonly #positionAfter: (taken: number) => S;
  #taken = 0;

  constructor(values: readonly T[], positionAfter: (taken: number) => S) {
    this.#values = values;
    this.#positionAfter = positionAfter;
  }

  get done(): boolean {
    return this.#taken >= this.#values.length;
  }

  emit(output: ReaderOutput<T>, limit: number): number {
    const values = this.#values;
    const from = this.#taken;
    const end = Math.min(values.length, from + limit);
    let at = from;
    while (at < end && !output.blocked) {
      // The index is below the length.
      output.collect(values[at++] as T);
    }
    this.#taken = at;
    return at - from;
  }

  position(): S {
    return this.#positionAfter(this.#taken);
  }
}
