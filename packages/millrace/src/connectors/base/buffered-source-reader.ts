import {
  PollStatus,
  type ReaderOutput,
  type SourceReader,
  type SourceReaderContext,
  type SourceSplit,
} from "../../common/connector/source.ts";
import { sourceFailed } from "./source-errors.ts";
import type { SplitBatch, SplitFetcher } from "./split-batch.ts";

/** How many records one split may emit before another one has its turn. */
const TURN = 256;

/** How a BufferedSourceReader reads. */
export interface BufferedReaderOptions<T, S extends SourceSplit> {
  /** The source's name, for error messages. */
  readonly name: string;
  /** Begins to read a split at its position. Called on the task's thread; what waits goes into `fetch`. */
  open(split: S): SplitFetcher<T, S>;
  /** How many batches are fetched ahead of the one being emitted; default 1. */
  readonly prefetch?: number | undefined;
  /**
   * How many splits are read at a time; default 1. More are fetched together and emitted in turn. Restored ones that were begun are read
   * at once, however many.
   */
  readonly concurrency?: number | undefined;
  /**
   * In which order splits are read, where it matters: restored ones come from several readers, each with its own. Default: as they come.
   */
  readonly order?: ((a: S, b: S) => number) | undefined;
}

/** A split that is being read. */
interface Active<T, S> {
  /** The position before `batch`. */
  split: S;
  readonly fetcher: SplitFetcher<T, S>;
  batch: SplitBatch<T, S> | undefined;
  readonly ready: SplitBatch<T, S>[];
  fetching: boolean;
  /** Whether the fetcher has answered null. */
  exhausted: boolean;
  parent: ReaderOutput<T> | undefined;
  output: ReaderOutput<T> | undefined;
}

/**
 * A source reader for everything that is fetched in batches: files, sockets, asynchronous iterables, generators.
 * Fetches a bounded number of batches ahead, emits them in slices, keeps positions, and lets fetch errors come out of the
 * next `pollNext`. Asks for a split when it has nothing left to fetch.
 *
 * @example
 * ```ts
 * createReader: (context) =>
 *   new BufferedSourceReader(context, { name: "orders source", open: (split) => new OrdersFetcher(split) }),
 * ```
 */
export class BufferedSourceReader<T, S extends SourceSplit> implements SourceReader<T, S> {
  readonly #context: SourceReaderContext;
  readonly #options: BufferedReaderOptions<T, S>;
  readonly #prefetch: number;
  readonly #concurrency: number;
  readonly #queue: S[] = [];
  readonly #paused = new Set<string>();
  #active: Active<T, S>[] = [];
  /** How many at the front of the queue were begun before a restore. */
  #begun = 0;
  #turn = 0;
  #requested = false;
  #noMoreSplits = false;
  #closed = false;
  #failed = false;
  #failure: unknown;

  constructor(context: SourceReaderContext, options: BufferedReaderOptions<T, S>) {
    this.#context = context;
    this.#options = options;
    this.#prefetch = options.prefetch ?? 1;
    this.#concurrency = options.concurrency ?? 1;
  }

  start(): void {
    // Splits are asked for in the first poll: those that a restore brings come before it.
  }

  addSplits(splits: readonly S[], begun = false): void {
    this.#requested = false;
    if (begun) {
      this.#queue.unshift(...splits);
      this.#begun += splits.length;
    } else {
      this.#queue.push(...splits);
      this.#sortWaiting();
    }
    this.#context.wakeUp();
  }

  beginSplits(output: ReaderOutput<T>): void {
    this.#openSplits();
    // Each split holds back event time from now on, not from its first record: no other makes it late.
    for (const active of this.#active) this.#outputOf(active, output);
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
    this.#context.wakeUp();
  }

  pauseOrResumeSplits(pause: readonly string[], resume: readonly string[]): void {
    for (const id of pause) this.#paused.add(id);
    for (const id of resume) this.#paused.delete(id);
    if (resume.length > 0) this.#context.wakeUp();
  }

  pollNext(output: ReaderOutput<T>, limit: number): PollStatus {
    if (this.#failed) throw this.#failure;
    this.beginSplits(output);
    let left = limit;
    let stuck = 0;
    while (left > 0 && stuck < this.#active.length) {
      if (output.blocked) return PollStatus.MORE;
      if (this.#turn >= this.#active.length) this.#turn = 0;
      const active = this.#active[this.#turn]!;
      const emitted = this.#emit(active, output, this.#active.length > 1 ? Math.min(left, TURN) : left);
      left -= emitted;
      if (this.#failed) throw this.#failure;
      if (active.exhausted && active.batch === undefined && active.ready.length === 0) {
        this.#finish(active, output);
        this.#openSplits();
        stuck = 0;
      } else {
        stuck = emitted > 0 ? 0 : stuck + 1;
        this.#turn++;
      }
    }
    if (left <= 0) return PollStatus.MORE;
    if (this.#active.length > 0 || this.#queue.length > 0 || !this.#noMoreSplits) return PollStatus.NOTHING;
    return PollStatus.END;
  }

  snapshotState(_checkpointId: number): readonly S[] {
    return [...this.#active.map((active) => active.batch?.position() ?? active.split), ...this.#queue];
  }

  close(): void {
    this.#closed = true;
    for (const active of this.#active) active.fetcher.close();
    this.#active = [];
    this.#queue.length = 0;
  }

  /**
   * Puts the splits that were not begun into their order. Those that come before one that was (another reader had gone ahead to it) are
   * read at once, too: their records would be late behind that one's.
   */
  #sortWaiting(): void {
    const { order } = this.#options;
    if (order === undefined) return;
    const begun = this.#queue.splice(0, this.#begun);
    const waiting = this.#queue.splice(0).sort((a, b) => order(a, b));
    const late = waiting.filter((split) => begun.some((other) => order(split, other) < 0));
    this.#begun += late.length;
    this.#queue.push(...begun, ...late, ...waiting.filter((split) => !late.includes(split)));
  }

  /** Begins queued splits where there is room, and asks for one when there is nothing left to fetch. */
  #openSplits(): void {
    while (this.#queue.length > 0 && (this.#begun > 0 || this.#active.length < this.#concurrency)) {
      const split = this.#queue.shift()!;
      this.#begin(split);
      if (this.#begun > 0) this.#begun--;
    }
    if (this.#requested || this.#noMoreSplits || this.#queue.length > 0) return;
    let busy = 0;
    for (const active of this.#active) if (!active.exhausted) busy++;
    if (busy >= this.#concurrency) return;
    this.#requested = true;
    this.#context.requestSplit();
  }

  #begin(split: S): void {
    let fetcher: SplitFetcher<T, S>;
    try {
      fetcher = this.#options.open(split);
    } catch (error) {
      // The split stays in the reader's hands until the task is closed.
      this.#queue.unshift(split);
      throw sourceFailed(this.#options.name, split.splitId, error);
    }
    const active: Active<T, S> = {
      split,
      fetcher,
      batch: undefined,
      ready: [],
      fetching: false,
      exhausted: false,
      parent: undefined,
      output: undefined,
    };
    this.#active.push(active);
    this.#fill(active);
  }

  /** The output of a split's own. */
  #outputOf(active: Active<T, S>, output: ReaderOutput<T>): ReaderOutput<T> {
    if (active.parent !== output || active.output === undefined) {
      active.parent = output;
      active.output = output.forSplit(active.split.splitId);
    }
    return active.output;
  }

  /** Emits from one split; the number of records. */
  #emit(active: Active<T, S>, output: ReaderOutput<T>, limit: number): number {
    const own = this.#outputOf(active, output);
    if (this.#paused.size > 0 && this.#paused.has(active.split.splitId)) return 0;
    let emitted = 0;
    while (emitted < limit) {
      const batch = active.batch ?? this.#advance(active);
      if (batch === undefined) break;
      const count = batch.emit(own, limit - emitted);
      emitted += count;
      if (batch.done) {
        active.split = batch.position();
        this.#advance(active);
      } else {
        // It stopped of itself: blocked, held by a rate, or at the limit.
        break;
      }
    }
    return emitted;
  }

  /** Takes the next batch in hand, and fetches on behind it. */
  #advance(active: Active<T, S>): SplitBatch<T, S> | undefined {
    active.batch = active.ready.shift();
    this.#fill(active);
    if (active.batch === undefined && active.ready.length > 0) active.batch = active.ready.shift();
    return active.batch;
  }

  #fill(active: Active<T, S>): void {
    while (!active.fetching && !active.exhausted && !this.#failed && active.ready.length < this.#prefetch) {
      let answer: ReturnType<SplitFetcher<T, S>["fetch"]>;
      try {
        answer = active.fetcher.fetch();
      } catch (error) {
        this.#fail(active, error);
        return;
      }
      if (answer === null || !(answer instanceof Promise)) {
        this.#take(active, answer);
        continue;
      }
      active.fetching = true;
      void this.#wait(active, answer);
    }
  }

  /** Waits for a fetch; never rejects. */
  async #wait(active: Active<T, S>, answer: Promise<SplitBatch<T, S> | null>): Promise<void> {
    active.fetching = true;
    try {
      const batch = await answer;
      active.fetching = false;
      if (this.#closed) return;
      this.#take(active, batch);
      this.#fill(active);
    } catch (error) {
      active.fetching = false;
      if (this.#closed) return;
      this.#fail(active, error);
    }
    this.#context.wakeUp();
  }

  #take(active: Active<T, S>, batch: SplitBatch<T, S> | null): void {
    if (batch === null) active.exhausted = true;
    else active.ready.push(batch);
  }

  /** Keeps the first error for the next poll. */
  #fail(active: Active<T, S>, error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#failure = sourceFailed(this.#options.name, active.split.splitId, error);
  }

  #finish(active: Active<T, S>, output: ReaderOutput<T>): void {
    active.fetcher.close();
    this.#active = this.#active.filter((other) => other !== active);
    output.releaseSplit(active.split.splitId);
  }
}
