import type { ReaderOutput, SourceReaderContext } from "../../common/connector/source.ts";
import type { SplitBatch, SplitFetcher } from "../base/split-batch.ts";
import type { IndexSplit } from "./index-split.ts";
import { RateLimiter } from "./rate-limiter.ts";

/** Where an IndexEmitter stopped. */
export interface IndexProgress {
  /** The next index that was not tried. */
  next: number;
}

/**
 * Emits what belongs to the indexes `progress.next`, `progress.next + step` ... below `end`, until `limit` records were
 * emitted or `output.blocked` is true, and moves `progress.next` behind them. The number of indexes passed.
 */
export type IndexEmitter<T> = (
  progress: IndexProgress,
  step: number,
  end: number,
  output: ReaderOutput<T>,
  limit: number,
) => number;

/** A split of indexes as one batch that is emitted in slices, at a rate where one is given. */
class IndexBatch<T> implements SplitBatch<T, IndexSplit> {
  readonly #split: IndexSplit;
  readonly #end: number;
  readonly #emitter: IndexEmitter<T>;
  readonly #limiter: RateLimiter | undefined;
  readonly #progress: IndexProgress;

  constructor(split: IndexSplit, emitter: IndexEmitter<T>, limiter: RateLimiter | undefined) {
    this.#split = split;
    this.#end = split.end ?? Infinity;
    this.#emitter = emitter;
    this.#limiter = limiter;
    this.#progress = { next: split.next };
  }

  get done(): boolean {
    return this.#progress.next >= this.#end;
  }

  emit(output: ReaderOutput<T>, limit: number): number {
    const limiter = this.#limiter;
    if (limiter === undefined) {
      return this.#emitter(this.#progress, this.#split.step, this.#end, output, limit);
    }
    const available = limiter.available();
    const passed =
      available === 0
        ? 0
        : this.#emitter(this.#progress, this.#split.step, this.#end, output, Math.min(limit, available));
    limiter.spend(passed);
    if (passed === available && !this.done) limiter.wait();
    return passed;
  }

  position(): IndexSplit {
    return { ...this.#split, next: this.#progress.next };
  }
}

/**
 * A fetcher over a split of indexes.
 *
 * @param ratePerSecond the rate of all splits together, undefined for none
 */
export function indexFetcher<T>(
  context: SourceReaderContext,
  split: IndexSplit,
  emitter: IndexEmitter<T>,
  ratePerSecond: number | undefined,
): SplitFetcher<T, IndexSplit> {
  const limiter =
    ratePerSecond === undefined
      ? undefined
      : new RateLimiter(
          context.clock,
          ratePerSecond / split.step,
          // Splits take turns: the first record of each comes when its own turn is.
          (Number(split.splitId) / ratePerSecond) * 1000,
          () => context.wakeUp(),
        );
  let fetched = false;
  return {
    fetch() {
      if (fetched) return null;
      fetched = true;
      return new IndexBatch(split, emitter, limiter);
    },
    close: () => limiter?.close(),
  };
}
