import type { SourceSplit, SplitEnumeratorContext } from "../../common/connector/source.ts";

/** Which splits a reader gets when it asks. */
export type AssignmentRule =
  /** The next one in order, to whoever asks first. */
  | "next"
  /** All at once that are its own: the splits, in their order, are dealt out to the readers in turn. */
  | "share";

/**
 * Splits that wait for readers, and readers that wait for splits. A split leaves the queue exactly when it is assigned.
 * A reader that finds nothing waits until splits come, or is told that none will once the queue is closed.
 */
export class SplitQueue<S extends SourceSplit> {
  readonly #context: SplitEnumeratorContext<S>;
  readonly #rule: AssignmentRule;
  readonly #order: (a: S, b: S) => number;
  readonly #owner: (split: S) => number;
  readonly #waiting = new Set<number>();
  /** Readers that were told that no more comes: they never ask again, so their shares fall to others. */
  readonly #dismissed = new Set<number>();
  #pending: S[] = [];
  #closed = false;

  /**
   * @param order sorts splits by when they should be read
   * @param owner a number for each split from which its reader follows (modulo parallelism); for the rule "share"
   */
  constructor(
    context: SplitEnumeratorContext<S>,
    rule: AssignmentRule,
    order: (a: S, b: S) => number,
    owner: (split: S) => number = () => 0,
  ) {
    this.#context = context;
    this.#rule = rule;
    this.#order = order;
    this.#owner = owner;
  }

  /** The splits not assigned, in order. */
  get pending(): readonly S[] {
    return this.#pending;
  }

  /** Adds new splits, or ones that come back, and serves the readers that wait. */
  add(splits: readonly S[]): void {
    this.#pending = [...this.#pending, ...splits].sort(this.#order);
    this.#serve();
  }

  /** Says that no new splits will be found. */
  close(): void {
    this.#closed = true;
    this.#serve();
  }

  /** A reader wants a split. */
  request(subtask: number): void {
    this.#waiting.add(subtask);
    this.#serve();
  }

  /** A reader has failed, or registered anew: what its predecessor waited for is void. */
  forget(subtask: number): void {
    this.#waiting.delete(subtask);
    this.#dismissed.delete(subtask);
  }

  #serve(): void {
    // An assignment may bring on the next request before it returns: the set is walked as it changes.
    for (const subtask of this.#waiting) {
      const splits = this.#take(subtask);
      if (splits.length > 0) {
        this.#waiting.delete(subtask);
        this.#context.assignSplits(subtask, splits);
      } else if (this.#closed) {
        this.#waiting.delete(subtask);
        this.#dismissed.add(subtask);
        this.#context.signalNoMoreSplits(subtask);
      }
    }
  }

  #take(subtask: number): readonly S[] {
    if (this.#rule === "next") {
      const split = this.#pending.shift();
      return split === undefined ? [] : [split];
    }
    const mine = this.#pending.filter((split) => {
      const owner = this.#owner(split) % this.#context.parallelism;
      return owner === subtask || this.#dismissed.has(owner);
    });
    if (mine.length > 0) this.#pending = this.#pending.filter((split) => !mine.includes(split));
    return mine;
  }
}
